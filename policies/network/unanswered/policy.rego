# METADATA
# title: Device tries a host outside that does not answer
# description: >-
#   Within ten minutes a device tried one TCP port of one host outside eight
#   times and nobody answered. The command hosts of botnets come and go; so do
#   update servers.
# custom:
#   id: CRD-0007
#   severity: medium
#   response: alert
#   attack: [T1008, T1571]
#   status: stable
#   suppress: 6h
#   windows:
#     tries: {kind: count, by: [input.device.uid, input.dst_endpoint.ip, input.dst_endpoint.port], over: 10m}
#   false_positives: >-
#     A cloud service that is down; then many devices of one model say the
#     same at once.
#   next_steps: >-
#     See who the host belongs to, and whether devices of the same model try
#     it too.
package policies.network.unanswered

import data.lib.flow

observe contains "tries" if {
	flow.unanswered
	flow.outbound
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s:%d", [host, port])} if {
	flow.unanswered
	flow.outbound
	n := input.windows.tries.count
	n >= 8
	host := input.dst_endpoint.ip
	port := input.dst_endpoint.port
	summary := sprintf("%s tried %s port %d %d times within 10 minutes and got no answer", [input.device.uid, host, port, n])
	evidence := {"host": host, "port": port, "tries": n}
}
