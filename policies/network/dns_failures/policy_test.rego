package policies.network.dns_failures_test

import data.policies.network.dns_failures

event := {
	"class_uid": 4003,
	"rcode_id": 3,
	"query": {"hostname": "x1.example"},
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7"},
}

test_hit if count(dns_failures.findings) == 1 with input as object.union(event, {"windows": {"names": {"distinct": 20}}})

test_near_miss if count(dns_failures.findings) == 0 with input as object.union(event, {"windows": {"names": {"distinct": 19}}})

test_missing_name if count(dns_failures.findings) == 0 with input as json.remove(object.union(event, {"windows": {"names": {"distinct": 20}}}), ["query/hostname"])

test_observes_names if "names" in dns_failures.observe with input as event

test_does_not_observe_answers if not "names" in dns_failures.observe with input as object.union(event, {"rcode_id": 0})
