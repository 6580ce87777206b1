-- What was refused, with its bytes. Rows come from the rejected topic; records
-- of other topics that history itself cannot read become rows too, with their
-- own place in the log, so that records read = rows + rejected rows.
CREATE TABLE IF NOT EXISTS rejected {{.OnCluster}}
(
    logged          DateTime64(3, 'UTC')
        COMMENT 'When the log took this record; retention counts from it.' CODEC(Delta(8), ZSTD(1)),
    recorded        DateTime64(3, 'UTC')
        COMMENT 'When the log took the refused record.' CODEC(Delta(8), ZSTD(1)),
    service         LowCardinality(String)
        COMMENT 'Who refused it.' CODEC(ZSTD(1)),
    reason          LowCardinality(String)
        COMMENT 'Machine-readable reason, e.g. json.syntax.' CODEC(ZSTD(1)),
    detail          String
        COMMENT 'The reason for people: what is wrong and where.' CODEC(ZSTD(3)),
    mapper          LowCardinality(String)
        COMMENT 'Mapping that refused it, with its version.' CODEC(ZSTD(1)),
    input_topic     LowCardinality(String)
        COMMENT 'Topic of the refused record.' CODEC(ZSTD(1)),
    input_partition UInt16
        COMMENT 'Partition of the refused record.' CODEC(ZSTD(1)),
    input_offset    UInt64
        COMMENT 'Offset of the refused record.' CODEC(Delta(8), ZSTD(1)),
    key             String
        COMMENT 'Key of the refused record.' CODEC(ZSTD(1)),
    bytes           String
        COMMENT 'The refused record as it came.' CODEC(ZSTD(3)),
    topic           LowCardinality(String)
        COMMENT 'Topic this row was read from.' CODEC(ZSTD(1)),
    kafka_partition UInt16
        COMMENT 'Partition this row was read from.' CODEC(ZSTD(1)),
    kafka_offset    UInt64
        COMMENT 'Offset this row was read from.' CODEC(Delta(8), ZSTD(1))
)
ENGINE = {{.Engine "MergeTree"}}
PARTITION BY toDate(logged)
ORDER BY (reason, logged, kafka_partition, kafka_offset)
TTL toDate(logged) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, {{.Window}}
COMMENT 'Records that were refused, with the reason.';
