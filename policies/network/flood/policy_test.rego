package policies.network.flood_test

import data.policies.network.flood

event := {
	"class_uid": 4001,
	"activity_id": 6,
	"status_id": 0,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 80},
	"duration": 400,
	"traffic": {"packets_out": 300, "packets_in": 0},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_packets if count(flood.findings) == 1 with input as object.union(event, {"windows": {"flows": {"count": 10}, "packets": {"sum": 3000, "count": 10}}})

test_connections if count(flood.findings) == 1 with input as object.union(event, {"windows": {"flows": {"count": 1000}, "packets": {"sum": 2999, "count": 10}}})

test_both if count(flood.findings) == 2 with input as object.union(event, {"windows": {"flows": {"count": 1000}, "packets": {"sum": 3000, "count": 10}}})

test_near_miss if count(flood.findings) == 0 with input as object.union(event, {"windows": {"flows": {"count": 999}, "packets": {"sum": 2999, "count": 10}}})

test_answered if count(flood.findings) == 0 with input as object.union(object.union(event, {"windows": {"flows": {"count": 10}, "packets": {"sum": 3000, "count": 10}}}), {"traffic": {"packets_in": 1}})

test_missing_packets if count(flood.findings) == 0 with input as json.remove(object.union(event, {"windows": {"flows": {"count": 10}, "packets": {"sum": 3000, "count": 10}}}), ["traffic/packets_in"])

test_does_not_observe_long_flows if not "packets" in flood.observe with input as object.union(event, {"duration": 60000})

test_observes_packets if "packets" in flood.observe with input as event

test_observes_flows if "flows" in flood.observe with input as event
