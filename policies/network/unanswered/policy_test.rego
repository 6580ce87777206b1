package policies.network.unanswered_test

import data.policies.network.unanswered

event := {
	"class_uid": 4001,
	"activity_id": 4,
	"status_id": 2,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 443},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(unanswered.findings) == 1 with input as object.union(event, {"windows": {"tries": {"count": 8}}})

test_near_miss if count(unanswered.findings) == 0 with input as object.union(event, {"windows": {"tries": {"count": 7}}})

test_missing_protocol if count(unanswered.findings) == 0 with input as json.remove(object.union(event, {"windows": {"tries": {"count": 8}}}), ["connection_info/protocol_name"])

test_observes_tries if "tries" in unanswered.observe with input as event

test_does_not_observe_refusals if not "tries" in unanswered.observe with input as object.union(event, {"activity_id": 5})
