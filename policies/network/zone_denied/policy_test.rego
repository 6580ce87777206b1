package policies.network.zone_denied_test

import data.policies.network.zone_denied

event := {
	"class_uid": 4001,
	"activity_id": 2,
	"status_id": 1,
	"device": {"uid": "cam-7", "ip": "10.1.0.7"},
	"src_endpoint": {"ip": "10.1.0.7", "port": 40000, "zone": "cctv"},
	"dst_endpoint": {"ip": "203.0.113.5", "port": 443, "zone": "plc"},
	"connection_info": {"direction_id": 2, "protocol_name": "tcp"},
}

test_hit if count(zone_denied.findings) == 1 with input as event with data.site.zones.allowed as {"cctv": ["core"]}

test_allowed if count(zone_denied.findings) == 0 with input as object.union(event, {"dst_endpoint": {"zone": "core"}}) with data.site.zones.allowed as {"cctv": ["core"]}

test_unlisted_zone if count(zone_denied.findings) == 0 with input as object.union(event, {"src_endpoint": {"zone": "guest"}}) with data.site.zones.allowed as {"cctv": ["core"]}

test_another_device if count(zone_denied.findings) == 0 with input as object.union(event, {"src_endpoint": {"ip": "10.1.0.8"}}) with data.site.zones.allowed as {"cctv": ["core"]}

test_missing_zone if count(zone_denied.findings) == 0 with input as json.remove(event, ["dst_endpoint/zone"]) with data.site.zones.allowed as {"cctv": ["core"]}
