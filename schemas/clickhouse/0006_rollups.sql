-- Sums that are kept up to date by each insert into events. An insert that is
-- repeated adds nothing: its token is passed on to these tables. They too are
-- partitioned and expire by the day of the log, never by reported times.
CREATE TABLE IF NOT EXISTS events_1m {{.OnCluster}}
(
    minute    DateTime('UTC')
        COMMENT 'Minute in which the events happened.' CODEC(DoubleDelta, ZSTD(1)),
    day       Date
        COMMENT 'Day on which the log took the events; retention counts from it.' CODEC(ZSTD(1)),
    class     LowCardinality(String)
        COMMENT 'OCSF class.' CODEC(ZSTD(1)),
    zone      LowCardinality(String)
        COMMENT 'Network zone of the devices.' CODEC(ZSTD(1)),
    severity  Enum8('unknown' = 0, 'informational' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5, 'fatal' = 6, 'other' = 99)
        COMMENT 'How bad, by the source.' CODEC(ZSTD(1)),
    events    SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Number of events.' CODEC(T64, ZSTD(1)),
    bytes_in  SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Payload bytes from destination to source.' CODEC(T64, ZSTD(1)),
    bytes_out SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Payload bytes from source to destination.' CODEC(T64, ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree"}}
PARTITION BY toYYYYMM(day)
ORDER BY (class, zone, severity, minute, day)
TTL day + INTERVAL 400 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, {{.Window}}
COMMENT 'Events per minute, class, zone and severity.';

CREATE MATERIALIZED VIEW IF NOT EXISTS events_1m_mv {{.OnCluster}} TO events_1m AS
SELECT toStartOfMinute(time)::DateTime('UTC') AS minute, day, class, zone, severity,
       count() AS events, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
FROM events
GROUP BY minute, day, class, zone, severity;

CREATE TABLE IF NOT EXISTS edges {{.OnCluster}}
(
    device_id  LowCardinality(String)
        COMMENT 'Device that the events are about.' CODEC(ZSTD(1)),
    src_ip     IPv6
        COMMENT 'Address of the side that opened the connections.' CODEC(ZSTD(1)),
    dst_ip     IPv6
        COMMENT 'Address that was contacted.' CODEC(ZSTD(1)),
    dst_port   UInt16
        COMMENT 'Port that was contacted.' CODEC(ZSTD(1)),
    proto      LowCardinality(String)
        COMMENT 'Transport protocol.' CODEC(ZSTD(1)),
    flows      SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Number of events.' CODEC(T64, ZSTD(1)),
    bytes_in   SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Payload bytes from destination to source.' CODEC(T64, ZSTD(1)),
    bytes_out  SimpleAggregateFunction(sum, UInt64)
        COMMENT 'Payload bytes from source to destination.' CODEC(T64, ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
        COMMENT 'Time of the first event.' CODEC(Delta(8), ZSTD(1)),
    last_seen  SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
        COMMENT 'Time of the last event.' CODEC(Delta(8), ZSTD(1)),
    day        SimpleAggregateFunction(max, Date)
        COMMENT 'Last day on which the log took an event; retention counts from it.' CODEC(ZSTD(1)),
    INDEX ix_dst_ip dst_ip TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{.Engine "AggregatingMergeTree"}}
ORDER BY (device_id, src_ip, dst_ip, dst_port, proto)
TTL day + INTERVAL 90 DAY DELETE
SETTINGS index_granularity = 2048, {{.Window}}
COMMENT 'Who talks to whom since when: one row per device, pair of addresses, port and protocol.';

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_mv {{.OnCluster}} TO edges AS
SELECT device_id, src_ip, dst_ip, dst_port, proto,
       count() AS flows, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out,
       min(time) AS first_seen, max(time) AS last_seen, max(events.day) AS day
FROM events
WHERE dst_port > 0
GROUP BY device_id, src_ip, dst_ip, dst_port, proto;
