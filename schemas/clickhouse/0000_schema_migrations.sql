-- Which of these files were applied, and with what content. Two processes that
-- migrate at once may each insert the same row.
CREATE TABLE IF NOT EXISTS schema_migrations {{.OnCluster}}
(
    name    String
        COMMENT 'File name of the migration.' CODEC(ZSTD(1)),
    sha256  String
        COMMENT 'SHA-256 of the file when it was applied, hex.' CODEC(ZSTD(1)),
    applied DateTime('UTC') DEFAULT now()
        COMMENT 'When it was applied.' CODEC(ZSTD(1))
)
ENGINE = {{.Engine "ReplacingMergeTree"}}
ORDER BY name
SETTINGS {{.Window}}
COMMENT 'Applied migrations.';
