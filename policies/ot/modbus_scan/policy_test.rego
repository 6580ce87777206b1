package policies.ot.modbus_scan_test

import data.policies.ot.modbus_scan

event := {
	"class_uid": 4001,
	"device": {"uid": "plc-7"},
	"src_endpoint": {"ip": "10.3.0.66"},
	"dst_endpoint": {"ip": "10.3.0.7"},
	"unmapped": {"modbus_function_code": 4, "modbus_pdu_type": "REQ"},
}

test_hit if count(modbus_scan.findings) == 1 with input as object.union(event, {"windows": {"addresses": {"distinct": 50}}})

test_near_miss if count(modbus_scan.findings) == 0 with input as object.union(event, {"windows": {"addresses": {"distinct": 49}}})

test_missing_source if count(modbus_scan.findings) == 0 with input as json.remove(object.union(event, {"windows": {"addresses": {"distinct": 50}}}), ["src_endpoint"])

test_observes_requests if "addresses" in modbus_scan.observe with input as event

test_does_not_observe_responses if not "addresses" in modbus_scan.observe with input as object.union(event, {"unmapped": {"modbus_pdu_type": "RESP"}})
