package policies.ot.modbus_write_test

import data.policies.ot.modbus_write

event := {
	"class_uid": 4001,
	"device": {"uid": "plc-7"},
	"src_endpoint": {"ip": "10.3.0.66", "uid": "hvac-1"},
	"dst_endpoint": {"ip": "10.3.0.7"},
	"unmapped": {"modbus_function_code": 16},
}

test_hit if count(modbus_write.findings) == 1 with input as event with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_unknown_source if count(modbus_write.findings) == 1 with input as json.remove(event, ["src_endpoint/uid"]) with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_approved_address if count(modbus_write.findings) == 0 with input as object.union(event, {"src_endpoint": {"ip": "10.3.0.1"}}) with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_approved_device if count(modbus_write.findings) == 0 with input as object.union(event, {"src_endpoint": {"uid": "station-1"}}) with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_read if count(modbus_write.findings) == 0 with input as object.union(event, {"unmapped": {"modbus_function_code": 3}}) with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_response if count(modbus_write.findings) == 0 with input as object.union(event, {"unmapped": {"modbus_pdu_type": "RESP"}}) with data.site.modbus.writers as ["10.3.0.1", "station-1"]

test_missing_function if count(modbus_write.findings) == 0 with input as json.remove(event, ["unmapped"]) with data.site.modbus.writers as ["10.3.0.1", "station-1"]
