package policies.network.port_scan_test

import data.policies.network.port_scan

event := {
	"class_uid": 4001,
	"activity_id": 4,
	"status_id": 2,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 8291},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(port_scan.findings) == 1 with input as object.union(event, {"windows": {"targets": {"distinct": 25}}})

test_near_miss if count(port_scan.findings) == 0 with input as object.union(event, {"windows": {"targets": {"distinct": 24}}})

test_missing_port if count(port_scan.findings) == 0 with input as json.remove(object.union(event, {"windows": {"targets": {"distinct": 25}}}), ["dst_endpoint/port"])

test_missing_window if count(port_scan.findings) == 0 with input as event

test_observes_failures if "targets" in port_scan.observe with input as event

test_does_not_observe_success if not "targets" in port_scan.observe with input as object.union(event, {"activity_id": 2})

test_does_not_observe_others if not "targets" in port_scan.observe with input as object.union(event, {"src_endpoint": {"ip": "10.1.0.8"}})
