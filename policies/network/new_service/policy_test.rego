package policies.network.new_service_test

import data.policies.network.new_service

event := {
	"class_uid": 4001,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "198.51.100.4"},
	"dst_endpoint": {"ip": "10.1.0.7", "port": 4321},
}

test_hit if count(new_service.findings) == 1 with input as object.union(event, {"windows": {"service": {"count": 1, "age_s": 0}, "device": {"count": 9, "age_s": 86400}}})

test_known_service if count(new_service.findings) == 0 with input as object.union(event, {"windows": {"service": {"count": 2, "age_s": 0}, "device": {"count": 9, "age_s": 86400}}})

test_young_device if count(new_service.findings) == 0 with input as object.union(event, {"windows": {"service": {"count": 1, "age_s": 0}, "device": {"count": 9, "age_s": 86399}}})

test_high_port if count(new_service.findings) == 0 with input as object.union(object.union(event, {"windows": {"service": {"count": 1, "age_s": 0}, "device": {"count": 9, "age_s": 86400}}}), {"dst_endpoint": {"port": 32768}})

test_missing_status if count(new_service.findings) == 0 with input as json.remove(object.union(event, {"windows": {"service": {"count": 1, "age_s": 0}, "device": {"count": 9, "age_s": 86400}}}), ["status_id"])

test_observes_device if "device" in new_service.observe with input as event

test_observes_service if "service" in new_service.observe with input as event

test_does_not_observe_clients if not "service" in new_service.observe with input as object.union(event, {"dst_endpoint": {"ip": "10.1.0.8"}})
