-- What dashboards read. Names and meanings of v1_* columns stay; a change that
-- breaks a reader becomes v2_*.
CREATE OR REPLACE VIEW v1_events {{.OnCluster}} AS
SELECT time, recorded, if(logged_time = 0, NULL, logged_time) AS logged_time,
       dateDiff('millisecond', time, recorded) AS delay_ms,
       device_id, device_name, device_type, device_ip, device_mac, vendor, model, firmware, os, managed, zone,
       class, activity_id, severity, status_id, action_id, disposition_id, source, sensor, product, log, auth,
       src_ip, src_port, src_mac, src_zone, src_device_id,
       dst_ip, dst_port, dst_mac, dst_zone, dst_device_id,
       proto, ip_version, app, direction_id, boundary_id, connection_uid, tcp_history, conn_state,
       bytes_in, bytes_out, bytes, ip_bytes_in, ip_bytes_out, packets_in, packets_out, packets, duration_ms,
       domain, url_path, user_agent, dns_type, user_name, attrs,
       concat(topic, '/', toString(kafka_partition), '/', toString(kafka_offset)) AS position
FROM events
COMMENT 'What devices did.';

CREATE OR REPLACE VIEW v1_findings {{.OnCluster}} AS
SELECT time, logged, finding_id, policy_id, title, device_id, zone, severity, response, lease_s,
       summary, attack, evidence, cause_id,
       concat(cause_topic, '/', toString(cause_partition), '/', toString(cause_offset)) AS cause
FROM findings
ORDER BY logged, kafka_partition, kafka_offset
LIMIT 1 BY finding_id
COMMENT 'What policies matched, each finding once.';

CREATE OR REPLACE VIEW v1_actions {{.OnCluster}} AS
SELECT time, logged, action_id, state, op_id, device_id, zone, finding_id, policy_id, level, enforcer, attempt,
       since, until, principal, reason
FROM actions
COMMENT 'Every step of every action.';

CREATE OR REPLACE VIEW v1_quarantines {{.OnCluster}} AS
SELECT device_id, action_id, enforcer,
       argMax(a.zone, kafka_offset) AS zone, argMax(a.level, kafka_offset) AS level,
       argMax(a.state, kafka_offset) AS state, state IN ('applied', 'release_intended') AS in_force,
       argMax(a.since, kafka_offset) AS since, argMax(a.until, kafka_offset) AS until,
       minOrNullIf(a.time, a.state = 'applied') AS applied_at, maxOrNullIf(a.time, a.state = 'released') AS released_at,
       any(a.finding_id) AS finding_id, any(a.policy_id) AS policy_id,
       argMax(a.principal, kafka_offset) AS principal, argMax(a.reason, kafka_offset) AS reason
FROM actions AS a
GROUP BY device_id, action_id, enforcer
COMMENT 'Each quarantine with its current state and the end of its lease.';

CREATE OR REPLACE VIEW v1_devices {{.OnCluster}} AS
SELECT device_id, name, device_type, vendor, model, firmware, serial, zone, site, owner,
       protected, managed, retired, macs, addresses, sensors,
       if(first_seen = 0, NULL, first_seen) AS first_seen,
       if(cert_not_after = 0, NULL, cert_not_after) AS cert_not_after,
       if(support_until = 0, NULL, support_until) AS support_until, labels, since
FROM devices
ORDER BY devices.since DESC, kafka_offset DESC
LIMIT 1 BY device_id
COMMENT 'The inventory as it stands.';

CREATE OR REPLACE VIEW v1_device_timeline {{.OnCluster}} AS
SELECT time, kind, what, detail, position FROM
(
    SELECT time, 'event' AS kind, class::String AS what,
           trim(concat(app, ' ', if(dst_port > 0, concat(replaceRegexpOne(toString(dst_ip), '^::ffff:', ''), ':', toString(dst_port)), ''), ' ', domain, url_path)) AS detail,
           concat(topic, '/', toString(kafka_partition), '/', toString(kafka_offset)) AS position
    FROM events
    WHERE device_id = {device:String} AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
    ORDER BY time DESC LIMIT {n:UInt32}
    UNION ALL
    SELECT time, 'finding', policy_id::String, summary, concat(topic, '/', toString(kafka_partition), '/', toString(kafka_offset))
    FROM findings
    WHERE device_id = {device:String} AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
    ORDER BY time DESC LIMIT {n:UInt32}
    UNION ALL
    SELECT time, 'action', state::String, concat(level, ' by ', principal, ': ', reason), concat(topic, '/', toString(kafka_partition), '/', toString(kafka_offset))
    FROM actions
    WHERE device_id = {device:String} AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
    ORDER BY time DESC LIMIT {n:UInt32}
)
ORDER BY time DESC, position DESC
LIMIT {n:UInt32}
COMMENT 'The last n events, findings and actions of one device between two times.';

CREATE OR REPLACE VIEW v1_rate_per_minute {{.OnCluster}} AS
SELECT minute, class, zone, severity, sum(e.events) AS events, sum(e.bytes_in) AS bytes_in, sum(e.bytes_out) AS bytes_out
FROM events_1m AS e
GROUP BY minute, class, zone, severity
COMMENT 'Events per minute, class, zone and severity.';

CREATE OR REPLACE VIEW v1_edges {{.OnCluster}} AS
SELECT device_id, src_ip, dst_ip, dst_port, proto, sum(e.flows) AS flows, sum(e.bytes_in) AS bytes_in, sum(e.bytes_out) AS bytes_out,
       min(e.first_seen) AS first_seen, max(e.last_seen) AS last_seen
FROM edges AS e
GROUP BY device_id, src_ip, dst_ip, dst_port, proto
COMMENT 'Who talks to whom since when.';

CREATE OR REPLACE VIEW v1_top_talkers {{.OnCluster}} AS
SELECT device_id, any(e.zone) AS zone, count() AS events, sum(e.bytes_in) AS bytes_in, sum(e.bytes_out) AS bytes_out,
       uniq(dst_ip) AS destinations, max(e.time) AS last_seen
FROM events AS e
WHERE time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY device_id
ORDER BY bytes_out DESC, events DESC
LIMIT {n:UInt32}
COMMENT 'The n devices that sent most between two times.';

CREATE OR REPLACE VIEW v1_rejected_by_reason {{.OnCluster}} AS
SELECT toStartOfHour(logged) AS hour, service, reason, mapper, input_topic, count() AS records, max(logged) AS last
FROM rejected
GROUP BY hour, service, reason, mapper, input_topic
COMMENT 'Refused records by hour and reason.';

CREATE OR REPLACE VIEW v1_duplicates {{.OnCluster}} AS
SELECT topic, count() AS rows, count() - uniqExact(kafka_partition, kafka_offset) AS duplicates
FROM
(
    SELECT topic, kafka_partition, kafka_offset FROM events
    UNION ALL SELECT topic, kafka_partition, kafka_offset FROM rejected
    UNION ALL SELECT topic, kafka_partition, kafka_offset FROM findings
    UNION ALL SELECT topic, kafka_partition, kafka_offset FROM actions
    UNION ALL SELECT topic, kafka_partition, kafka_offset FROM devices
)
GROUP BY topic
COMMENT 'Rows that came from one record; must be 0 for every topic. Devices lose superseded rows by design.';
