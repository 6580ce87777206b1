# METADATA
# title: Connection between zones that must not talk
# description: >-
#   A device opened a connection into a zone that its own zone has no business
#   with.
# custom:
#   id: CRD-0011
#   severity: high
#   response: alert
#   attack: [T1021, T1210]
#   status: stable
#   suppress: 1h
#   false_positives: >-
#     A conduit that was opened and not written down in site/zones.yaml.
#   next_steps: >-
#     Close the way at the firewall between the zones, then ask what the
#     device wanted there.
package policies.network.zone_denied

import data.lib.flow

findings contains {"summary": summary, "evidence": evidence, "key": to} if {
	input.class_uid == 4001
	flow.from_device
	from := input.src_endpoint.zone
	to := input.dst_endpoint.zone
	allowed := data.site.zones.allowed[from]
	not to in allowed
	summary := sprintf("%s in zone %s contacted %s in zone %s", [input.device.uid, from, input.dst_endpoint.ip, to])
	evidence := {"from": from, "to": to, "host": input.dst_endpoint.ip, "port": input.dst_endpoint.port}
}
