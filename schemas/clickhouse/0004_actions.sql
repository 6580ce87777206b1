-- Every step of every action, written to disk before it is acknowledged: who
-- contained a device, why and until when must stay answerable.
CREATE TABLE IF NOT EXISTS actions {{.OnCluster}}
(
    time            DateTime64(3, 'UTC')
        COMMENT 'When the step was taken.' CODEC(Delta(8), ZSTD(1)),
    logged          DateTime64(3, 'UTC')
        COMMENT 'When the log took the step.' CODEC(Delta(8), ZSTD(1)),
    action_id       String
        COMMENT 'Identity; follows from finding and level.' CODEC(ZSTD(1)),
    state           LowCardinality(String)
        COMMENT 'How far the action has come: apply_intended, applied, apply_failed, release_intended, released.' CODEC(ZSTD(1)),
    op_id           String
        COMMENT 'Operation of the enforcer; equal to webhook-id.' CODEC(ZSTD(1)),
    device_id       LowCardinality(String)
        COMMENT 'Device that the action is about.' CODEC(ZSTD(1)),
    zone            LowCardinality(String)
        COMMENT 'Network zone of the device.' CODEC(ZSTD(1)),
    finding_id      String
        COMMENT 'Finding that led to the action.' CODEC(ZSTD(1)),
    policy_id       LowCardinality(String)
        COMMENT 'Policy that led to the action.' CODEC(ZSTD(1)),
    level           LowCardinality(String)
        COMMENT 'How much of the network the device loses: segment or isolate.' CODEC(ZSTD(1)),
    enforcer        LowCardinality(String)
        COMMENT 'What carries the action out, e.g. webhook.' CODEC(ZSTD(1)),
    attempt         UInt32
        COMMENT 'Deliveries of the operation tried so far.' CODEC(T64, ZSTD(1)),
    since           DateTime64(3, 'UTC')
        COMMENT 'When the action began.' CODEC(Delta(8), ZSTD(1)),
    until           DateTime64(3, 'UTC')
        COMMENT 'When the lease ends.' CODEC(Delta(8), ZSTD(1)),
    principal       LowCardinality(String)
        COMMENT 'On whose account, e.g. policy:CRD-0007, lease or operator:ada.' CODEC(ZSTD(1)),
    reason          String
        COMMENT 'Why, for people.' CODEC(ZSTD(3)),
    topic           LowCardinality(String)
        COMMENT 'Topic of the record.' CODEC(ZSTD(1)),
    kafka_partition UInt16
        COMMENT 'Partition of the record.' CODEC(ZSTD(1)),
    kafka_offset    UInt64
        COMMENT 'Offset of the record; orders the steps of one device.' CODEC(Delta(8), ZSTD(1))
)
ENGINE = {{.Engine "MergeTree"}}
PARTITION BY toYYYYMM(logged)
ORDER BY (device_id, action_id, kafka_partition, kafka_offset)
TTL toDate(logged) + INTERVAL 400 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{.Window}}
COMMENT 'What was done to devices: one row per step.';
