package policies.network.irc_test

import data.policies.network.irc

event := {
	"class_uid": 4001,
	"activity_id": 2,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 6667},
	"app_name": "irc",
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(irc.findings) == 1 with input as event

test_inside if count(irc.findings) == 0 with input as object.union(event, {"connection_info": {"direction_id": 3}})

test_missing_protocol if count(irc.findings) == 0 with input as json.remove(event, ["app_name"])
