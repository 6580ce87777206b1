package policies.network.dead_beacon_test

import data.policies.network.dead_beacon

event := {
	"class_uid": 4001,
	"activity_id": 4,
	"status_id": 2,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 50},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(dead_beacon.findings) == 1 with input as object.union(event, {"windows": {"calls": {"count": 15, "cv": 0.6, "mean_s": 15}}}) with data.site.services.ports as [443]

test_too_few if count(dead_beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 14, "cv": 0.2, "mean_s": 40}}}) with data.site.services.ports as [443]

test_irregular if count(dead_beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 30, "cv": 0.61, "mean_s": 40}}}) with data.site.services.ports as [443]

test_too_fast if count(dead_beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 30, "cv": 0.1, "mean_s": 14.9}}}) with data.site.services.ports as [443]

test_common_port if count(dead_beacon.findings) == 0 with input as object.union(object.union(event, {"windows": {"calls": {"count": 15, "cv": 0.2, "mean_s": 40}}}), {"dst_endpoint": {"port": 443}}) with data.site.services.ports as [443]

test_missing_port if count(dead_beacon.findings) == 0 with input as json.remove(object.union(event, {"windows": {"calls": {"count": 15, "cv": 0.2, "mean_s": 40}}}), ["dst_endpoint/port"]) with data.site.services.ports as [443]

test_one_call_has_no_mean if count(dead_beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 0}}}) with data.site.services.ports as [443]

test_observes_calls if "calls" in dead_beacon.observe with input as event

test_does_not_observe_answers if not "calls" in dead_beacon.observe with input as object.union(event, {"activity_id": 2})
