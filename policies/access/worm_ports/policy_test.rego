package policies.access.worm_ports_test

import data.policies.access.worm_ports

event := {
	"class_uid": 4001,
	"activity_id": 4,
	"status_id": 2,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 2323},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(worm_ports.findings) == 1 with input as object.union(event, {"windows": {"hosts": {"distinct": 5}}})

test_near_miss if count(worm_ports.findings) == 0 with input as object.union(event, {"windows": {"hosts": {"distinct": 4}}})

test_other_port if count(worm_ports.findings) == 0 with input as object.union(object.union(event, {"windows": {"hosts": {"distinct": 5}}}), {"dst_endpoint": {"port": 22}})

test_missing_port if count(worm_ports.findings) == 0 with input as json.remove(object.union(event, {"windows": {"hosts": {"distinct": 5}}}), ["dst_endpoint/port"])

test_observes_hosts if "hosts" in worm_ports.observe with input as event

test_does_not_observe_inside if not "hosts" in worm_ports.observe with input as object.union(event, {"connection_info": {"direction_id": 3}})
