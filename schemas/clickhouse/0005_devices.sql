-- The inventory. All descriptions of a device stay, each valid from its since
-- on, here as in the topic, which is not compacted; of two with the same since
-- the later record counts.
CREATE TABLE IF NOT EXISTS devices {{.OnCluster}}
(
    device_id       String
        COMMENT 'Identity in the inventory.' CODEC(ZSTD(1)),
    since           DateTime64(3, 'UTC')
        COMMENT 'From when on this description holds.' CODEC(ZSTD(1)),
    logged          DateTime64(3, 'UTC')
        COMMENT 'When the log took the description.' CODEC(ZSTD(1)),
    name            String
        COMMENT 'Name for people.' CODEC(ZSTD(1)),
    device_type     LowCardinality(String)
        COMMENT 'Kind of device, e.g. camera or plc.' CODEC(ZSTD(1)),
    vendor          LowCardinality(String)
        COMMENT 'Maker.' CODEC(ZSTD(1)),
    model           LowCardinality(String)
        COMMENT 'Model as the maker names it.' CODEC(ZSTD(1)),
    firmware        LowCardinality(String)
        COMMENT 'Firmware version that should run.' CODEC(ZSTD(1)),
    serial          String
        COMMENT 'Serial number.' CODEC(ZSTD(1)),
    zone            LowCardinality(String)
        COMMENT 'Network zone (IEC 62443).' CODEC(ZSTD(1)),
    site            LowCardinality(String)
        COMMENT 'Where it stands.' CODEC(ZSTD(1)),
    owner           LowCardinality(String)
        COMMENT 'Who answers for it.' CODEC(ZSTD(1)),
    protected       Bool
        COMMENT 'Never contained without a person.' CODEC(ZSTD(1)),
    managed         Bool
        COMMENT 'Enrolled; false if it was only seen on the network.' CODEC(ZSTD(1)),
    retired         Bool
        COMMENT 'Decommissioned.' CODEC(ZSTD(1)),
    macs            Array(String)
        COMMENT 'Hardware addresses.' CODEC(ZSTD(1)),
    addresses       Array(String)
        COMMENT 'IP addresses held since `since`.' CODEC(ZSTD(1)),
    sensors         Array(String)
        COMMENT 'Sensors that watch this device alone.' CODEC(ZSTD(1)),
    first_seen      DateTime64(3, 'UTC')
        COMMENT 'When it was seen first; 1970 if unknown.' CODEC(ZSTD(1)),
    cert_not_after  DateTime64(3, 'UTC')
        COMMENT 'When its certificate expires; 1970 if unknown.' CODEC(ZSTD(1)),
    support_until   DateTime64(3, 'UTC')
        COMMENT 'When the maker ends support; 1970 if unknown.' CODEC(ZSTD(1)),
    labels          Map(LowCardinality(String), String)
        COMMENT 'Labels.' CODEC(ZSTD(1)),
    topic           LowCardinality(String)
        COMMENT 'Topic of the record.' CODEC(ZSTD(1)),
    kafka_partition UInt16
        COMMENT 'Partition of the record.' CODEC(ZSTD(1)),
    kafka_offset    UInt64
        COMMENT 'Offset of the record; the higher one of a device counts.' CODEC(ZSTD(1))
)
ENGINE = {{.Engine "ReplacingMergeTree" "kafka_offset"}}
ORDER BY (device_id, since)
SETTINGS {{.Window}}
COMMENT 'The inventory: descriptions of devices over time.';
