package policies.access.telnet_open_test

import data.policies.access.telnet_open

event := {
	"class_uid": 4001,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "198.51.100.4"},
	"dst_endpoint": {"ip": "10.1.0.7", "port": 23},
	"connection_info": {"protocol_name": "tcp"},
}

test_hit if count(telnet_open.findings) == 1 with input as event

test_refused if count(telnet_open.findings) == 0 with input as object.union(event, {"status_id": 2})

test_ssh if count(telnet_open.findings) == 0 with input as object.union(event, {"dst_endpoint": {"port": 22}})

test_missing_device_address if count(telnet_open.findings) == 0 with input as json.remove(event, ["device/ip"])
