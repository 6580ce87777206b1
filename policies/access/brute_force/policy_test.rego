package policies.access.brute_force_test

import data.policies.access.brute_force

event := {
	"class_uid": 4007,
	"status_id": 0,
	"device": {"uid": "hvac-1"},
	"src_endpoint": {"ip": "10.1.0.7"},
	"dst_endpoint": {"ip": "10.0.0.22"},
}

test_hit if count(brute_force.findings) == 1 with input as object.union(event, {"windows": {"failures": {"count": 10}}})

test_near_miss if count(brute_force.findings) == 0 with input as object.union(event, {"windows": {"failures": {"count": 9}}})

test_succeeded if count(brute_force.findings) == 0 with input as object.union(object.union(event, {"windows": {"failures": {"count": 10}}}), {"status_id": 1})

test_logons if count(brute_force.findings) == 1 with input as object.union(object.union(event, {"windows": {"failures": {"count": 10}}}), {"class_uid": 3002, "activity_id": 1, "status_id": 2})

test_logoff if count(brute_force.findings) == 0 with input as object.union(object.union(event, {"windows": {"failures": {"count": 10}}}), {"class_uid": 3002, "activity_id": 2, "status_id": 2})

test_missing_source if count(brute_force.findings) == 0 with input as json.remove(object.union(event, {"windows": {"failures": {"count": 10}}}), ["src_endpoint/ip"])

test_observes_failures if "failures" in brute_force.observe with input as event

test_does_not_observe_success if not "failures" in brute_force.observe with input as object.union(event, {"status_id": 1})
