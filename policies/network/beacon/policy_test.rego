package policies.network.beacon_test

import data.policies.network.beacon

event := {
	"class_uid": 4001,
	"activity_id": 2,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 8443},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(beacon.findings) == 1 with input as object.union(event, {"windows": {"calls": {"count": 20, "cv": 0.2, "mean_s": 10}}})

test_too_few if count(beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 19, "cv": 0.1, "mean_s": 60}}})

test_irregular if count(beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 20, "cv": 0.21, "mean_s": 60}}})

test_too_fast if count(beacon.findings) == 0 with input as object.union(event, {"windows": {"calls": {"count": 20, "cv": 0.1, "mean_s": 9.9}}})

test_missing_host if count(beacon.findings) == 0 with input as json.remove(object.union(event, {"windows": {"calls": {"count": 20, "cv": 0.1, "mean_s": 60}}}), ["dst_endpoint/ip"])

test_observes_calls if "calls" in beacon.observe with input as event

test_does_not_observe_inside if not "calls" in beacon.observe with input as object.union(event, {"connection_info": {"direction_id": 3}})
