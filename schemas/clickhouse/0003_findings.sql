-- What policies matched. A finding is written to disk before the insert is
-- acknowledged: it is evidence.
CREATE TABLE IF NOT EXISTS findings {{.OnCluster}}
(
    time            DateTime64(3, 'UTC')
        COMMENT 'Time of the event that made the policy match.' CODEC(Delta(8), ZSTD(1)),
    logged          DateTime64(3, 'UTC')
        COMMENT 'When the log took the finding.' CODEC(Delta(8), ZSTD(1)),
    finding_id      String
        COMMENT 'Identity; follows from policy, device and cause.' CODEC(ZSTD(1)),
    policy_id       LowCardinality(String)
        COMMENT 'Id of the policy, never reused.' CODEC(ZSTD(1)),
    policy_package  LowCardinality(String)
        COMMENT 'Rego package of the policy.' CODEC(ZSTD(1)),
    policy_digest   LowCardinality(String)
        COMMENT 'SHA-256 of what the policy was compiled from.' CODEC(ZSTD(1)),
    title           LowCardinality(String)
        COMMENT 'Title of the policy.' CODEC(ZSTD(1)),
    device_id       LowCardinality(String)
        COMMENT 'Device that the finding is about.' CODEC(ZSTD(1)),
    zone            LowCardinality(String)
        COMMENT 'Network zone of the device as of the event.' CODEC(ZSTD(1)),
    severity        Enum8('unknown' = 0, 'informational' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5, 'fatal' = 6, 'other' = 99)
        COMMENT 'How bad, by the policy.' CODEC(ZSTD(1)),
    response        LowCardinality(String)
        COMMENT 'What the policy asks for: alert or quarantine.' CODEC(ZSTD(1)),
    lease_s         UInt32
        COMMENT 'Seconds a quarantine is to last; 0 is the default.' CODEC(T64, ZSTD(1)),
    summary         String
        COMMENT 'What was found, one line for people.' CODEC(ZSTD(3)),
    attack          Array(LowCardinality(String))
        COMMENT 'ATT&CK technique ids.' CODEC(ZSTD(1)),
    evidence        String
        COMMENT 'Values that led to the finding, as JSON.' CODEC(ZSTD(3)),
    cause_id        String
        COMMENT 'Id of the event that made the policy match.' CODEC(ZSTD(1)),
    cause_topic     LowCardinality(String)
        COMMENT 'Topic of that event.' CODEC(ZSTD(1)),
    cause_partition UInt16
        COMMENT 'Partition of that event.' CODEC(ZSTD(1)),
    cause_offset    UInt64
        COMMENT 'Offset of that event.' CODEC(Delta(8), ZSTD(1)),
    topic           LowCardinality(String)
        COMMENT 'Topic of the record.' CODEC(ZSTD(1)),
    kafka_partition UInt16
        COMMENT 'Partition of the record.' CODEC(ZSTD(1)),
    kafka_offset    UInt64
        COMMENT 'Offset of the record.' CODEC(Delta(8), ZSTD(1))
)
ENGINE = {{.Engine "MergeTree"}}
PARTITION BY toYYYYMM(logged)
ORDER BY (device_id, time, finding_id, kafka_partition, kafka_offset)
TTL toDate(logged) + INTERVAL 400 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{.Window}}
COMMENT 'What policies matched: one row per record of the findings topic.';
