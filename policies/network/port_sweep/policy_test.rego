package policies.network.port_sweep_test

import data.policies.network.port_sweep

event := {
	"class_uid": 4001,
	"activity_id": 5,
	"status_id": 2,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 8291},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(port_sweep.findings) == 1 with input as object.union(event, {"windows": {"ports": {"distinct": 20}}})

test_near_miss if count(port_sweep.findings) == 0 with input as object.union(event, {"windows": {"ports": {"distinct": 19}}})

test_missing_host if count(port_sweep.findings) == 0 with input as json.remove(object.union(event, {"windows": {"ports": {"distinct": 20}}}), ["dst_endpoint/ip"])

test_observes_refusals if "ports" in port_sweep.observe with input as event

test_does_not_observe_handshakes if not "ports" in port_sweep.observe with input as object.union(event, {"tls": {"version": "TLSv12"}})
