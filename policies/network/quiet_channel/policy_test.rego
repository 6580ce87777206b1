package policies.network.quiet_channel_test

import data.policies.network.quiet_channel

event := {
	"class_uid": 4001,
	"activity_id": 2,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 443},
	"duration": 21600000,
	"traffic": {"bytes": 43199},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(quiet_channel.findings) == 1 with input as event

test_shorter if count(quiet_channel.findings) == 0 with input as object.union(event, {"duration": 21599999})

test_busier if count(quiet_channel.findings) == 0 with input as object.union(event, {"traffic": {"bytes": 43200}})

test_empty if count(quiet_channel.findings) == 0 with input as object.union(event, {"traffic": {"bytes": 0}})

test_missing_bytes if count(quiet_channel.findings) == 0 with input as json.remove(event, ["traffic/bytes"])
