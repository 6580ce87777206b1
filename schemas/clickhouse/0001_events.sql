-- What devices did. One row per record of the events topic; the identity of a
-- row is its place in the log, so that no random id has to be stored.
--
-- Rows are kept by the day on which the log took them, not by the time the
-- device reports: a device whose clock is wrong can neither escape deletion nor
-- spread an insert over thousands of partitions.
CREATE TABLE IF NOT EXISTS events {{.OnCluster}}
(
    time            DateTime64(3, 'UTC')
        COMMENT 'When it happened, as reported.' CODEC(Delta(8), ZSTD(1)),
    logged_time     DateTime64(3, 'UTC')
        COMMENT 'When the source wrote it down; 1970 if it does not say.' CODEC(Delta(8), ZSTD(1)),
    recorded        DateTime64(3, 'UTC')
        COMMENT 'When the log took the raw record.' CODEC(Delta(8), ZSTD(1)),
    day             Date
        COMMENT 'Day on which the log took the event; retention counts from it.' CODEC(ZSTD(1)),
    tier            Enum16('d30' = 30, 'd90' = 90, 'd365' = 365)
        COMMENT 'How many days the row is kept; follows from the class.' CODEC(ZSTD(1)),
    device_id       LowCardinality(String)
        COMMENT 'Device that the event is about.' CODEC(ZSTD(1)),
    zone            LowCardinality(String)
        COMMENT 'Network zone of the device as of the event.' CODEC(ZSTD(1)),
    device_type     LowCardinality(String)
        COMMENT 'Kind of device as of the event.' CODEC(ZSTD(1)),
    device_type_id  UInt8
        COMMENT 'Kind of device in terms of OCSF; 7 is IoT.' CODEC(ZSTD(1)),
    device_name     LowCardinality(String)
        COMMENT 'Name of the device as of the event.' CODEC(ZSTD(1)),
    device_ip       IPv6
        COMMENT 'Address of the device in the event; :: if none.' CODEC(ZSTD(1)),
    device_mac      LowCardinality(String)
        COMMENT 'Hardware address of the device in the event.' CODEC(ZSTD(1)),
    vendor          LowCardinality(String)
        COMMENT 'Maker of the device as of the event.' CODEC(ZSTD(1)),
    model           LowCardinality(String)
        COMMENT 'Model of the device as of the event.' CODEC(ZSTD(1)),
    firmware        LowCardinality(String)
        COMMENT 'Firmware version of the device as of the event.' CODEC(ZSTD(1)),
    os              LowCardinality(String)
        COMMENT 'Name of the firmware or operating system.' CODEC(ZSTD(1)),
    os_type_id      UInt8
        COMMENT 'Kind of operating system in terms of OCSF; 99 is other.' CODEC(ZSTD(1)),
    managed         Bool
        COMMENT 'The device is enrolled; false if it was only seen.' CODEC(ZSTD(1)),
    class           LowCardinality(String)
        COMMENT 'OCSF class.' CODEC(ZSTD(1)),
    activity_id     UInt8
        COMMENT 'What happened; the numbers differ by class.' CODEC(ZSTD(1)),
    severity        Enum8('unknown' = 0, 'informational' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5, 'fatal' = 6, 'other' = 99)
        COMMENT 'How bad, by the source.' CODEC(ZSTD(1)),
    status_id       UInt8
        COMMENT 'How it ended; the numbers differ by class, 1 is success.' CODEC(ZSTD(1)),
    action_id       UInt8
        COMMENT 'What a control did about it: 1 allowed, 2 denied, 3 observed.' CODEC(ZSTD(1)),
    disposition_id  UInt8
        COMMENT 'How it ended for the activity at a control, e.g. 2 blocked.' CODEC(ZSTD(1)),
    source          LowCardinality(String)
        COMMENT 'Who reported it, as a URI reference.' CODEC(ZSTD(1)),
    sensor          LowCardinality(String)
        COMMENT 'Sensor or gateway that reported it.' CODEC(ZSTD(1)),
    product         LowCardinality(String)
        COMMENT 'Product that reported it.' CODEC(ZSTD(1)),
    product_vendor  LowCardinality(String)
        COMMENT 'Maker of that product.' CODEC(ZSTD(1)),
    log             LowCardinality(String)
        COMMENT 'Log of the source, e.g. conn or alert.' CODEC(ZSTD(1)),
    auth            LowCardinality(String)
        COMMENT 'Proof of origin: none, gateway, device-signed or attested.' CODEC(ZSTD(1)),
    src_ip          IPv6
        COMMENT 'Address of the side that opened it; IPv4 as ::ffff:a.b.c.d, :: if none.' CODEC(ZSTD(1)),
    src_port        UInt16
        COMMENT 'Port of the side that opened it.' CODEC(ZSTD(1)),
    src_mac         LowCardinality(String)
        COMMENT 'Hardware address of the side that opened it.' CODEC(ZSTD(1)),
    src_zone        LowCardinality(String)
        COMMENT 'Zone of the side that opened it.' CODEC(ZSTD(1)),
    src_device_id   LowCardinality(String)
        COMMENT 'Device at the side that opened it, if the inventory knows the address.' CODEC(ZSTD(1)),
    dst_ip          IPv6
        COMMENT 'Address of the side that was contacted; IPv4 as ::ffff:a.b.c.d, :: if none.' CODEC(ZSTD(1)),
    dst_port        UInt16
        COMMENT 'Port that was contacted.' CODEC(ZSTD(1)),
    dst_mac         LowCardinality(String)
        COMMENT 'Hardware address of the side that was contacted.' CODEC(ZSTD(1)),
    dst_zone        LowCardinality(String)
        COMMENT 'Zone of the side that was contacted.' CODEC(ZSTD(1)),
    dst_device_id   LowCardinality(String)
        COMMENT 'Device at the side that was contacted, if the inventory knows the address.' CODEC(ZSTD(1)),
    proto           LowCardinality(String)
        COMMENT 'Transport protocol, e.g. tcp.' CODEC(ZSTD(1)),
    proto_num       UInt8
        COMMENT 'Number of the transport protocol.' CODEC(ZSTD(1)),
    ip_version      UInt8
        COMMENT '4 or 6.' CODEC(ZSTD(1)),
    app             LowCardinality(String)
        COMMENT 'Application protocol, e.g. mqtt.' CODEC(ZSTD(1)),
    direction_id    UInt8
        COMMENT '1 inbound, 2 outbound, 3 lateral, 4 local, seen from the site.' CODEC(ZSTD(1)),
    boundary_id     UInt8
        COMMENT 'Which border it crosses: 2 internal, 3 external.' CODEC(ZSTD(1)),
    connection_uid  String
        COMMENT 'Identifier of the connection at the sensor; ties its records together.' CODEC(ZSTD(1)),
    tcp_history     LowCardinality(String)
        COMMENT 'TCP flags in order of appearance.' CODEC(ZSTD(1)),
    conn_state      LowCardinality(String)
        COMMENT 'How the connection ended in terms of Zeek, e.g. S0 or SF.' CODEC(ZSTD(1)),
    bytes_in        UInt64
        COMMENT 'Payload bytes from destination to source.' CODEC(T64, ZSTD(1)),
    bytes_out       UInt64
        COMMENT 'Payload bytes from source to destination.' CODEC(T64, ZSTD(1)),
    bytes           UInt64
        COMMENT 'Payload bytes in both directions.' CODEC(T64, ZSTD(1)),
    ip_bytes_in     UInt64
        COMMENT 'Bytes from destination to source with headers.' CODEC(T64, ZSTD(1)),
    ip_bytes_out    UInt64
        COMMENT 'Bytes from source to destination with headers.' CODEC(T64, ZSTD(1)),
    packets_in      UInt64
        COMMENT 'Packets from destination to source.' CODEC(T64, ZSTD(1)),
    packets_out     UInt64
        COMMENT 'Packets from source to destination.' CODEC(T64, ZSTD(1)),
    packets         UInt64
        COMMENT 'Packets in both directions.' CODEC(T64, ZSTD(1)),
    duration_ms     UInt64
        COMMENT 'Length in milliseconds.' CODEC(T64, ZSTD(1)),
    domain          LowCardinality(String)
        COMMENT 'Name asked for: DNS question, HTTP host or TLS server name.' CODEC(ZSTD(1)),
    url_path        String
        COMMENT 'Path of the URL that was asked for.' CODEC(ZSTD(1)),
    user_agent      LowCardinality(String)
        COMMENT 'Client software in an HTTP request.' CODEC(ZSTD(1)),
    dns_type        LowCardinality(String)
        COMMENT 'Type of a DNS question, e.g. A.' CODEC(ZSTD(1)),
    user_name       LowCardinality(String)
        COMMENT 'Account that was used.' CODEC(ZSTD(1)),
    topic           LowCardinality(String)
        COMMENT 'Topic of the record.' CODEC(ZSTD(1)),
    kafka_partition UInt16
        COMMENT 'Partition of the record.' CODEC(ZSTD(1)),
    kafka_offset    UInt64
        COMMENT 'Offset of the record.' CODEC(Delta(8), ZSTD(1)),
    attrs           Map(LowCardinality(String), String)
        COMMENT 'All other attributes of the event by OCSF path.' CODEC(ZSTD(1)),
    INDEX ix_dst_ip dst_ip TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX ix_domain domain TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX ix_offset kafka_offset TYPE minmax GRANULARITY 4
)
ENGINE = {{.Engine "MergeTree"}}
PARTITION BY (tier, day)
PRIMARY KEY (toStartOfInterval(time, INTERVAL 6 HOUR), device_id, time)
ORDER BY (toStartOfInterval(time, INTERVAL 6 HOUR), device_id, time, kafka_partition, kafka_offset)
TTL day + toIntervalDay(CAST(tier, 'Int16')) DELETE
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, {{.Window}}
COMMENT 'What devices did: one row per record of the events topic.';
