# METADATA
# title: Device floods a host
# description: >-
#   A device sends one host thousands of packets that nobody answers, or opens
#   a thousand connections to it, within ten seconds: it takes part in an
#   attack on that host.
# custom:
#   id: CRD-0004
#   severity: critical
#   response: quarantine
#   lease: 1h
#   attack: [T1498.001, T1499]
#   status: stable
#   suppress: 1h
#   windows:
#     flows: {kind: count, by: [input.device.uid, input.dst_endpoint.ip], over: 10s}
#     packets: {kind: sum, of: input.traffic.packets_out, by: [input.device.uid, input.dst_endpoint.ip], over: 10s}
#   false_positives: >-
#     A camera that streams one way to a recorder outside, or a load test.
#   next_steps: >-
#     Tell whoever runs the host. The device takes orders from somebody: look
#     for its command channel, then reset and patch it.
package policies.network.flood

import data.lib.flow

observe contains "flows" if {
	input.class_uid == 4001
	flow.from_device
}

observe contains "packets" if {
	input.class_uid == 4001
	flow.outbound
	input.traffic.packets_in == 0
	input.duration < 60000
}

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	input.class_uid == 4001
	flow.from_device
	n := input.windows.flows.count
	n >= 1000
	host := input.dst_endpoint.ip
	summary := sprintf("%s opened %d connections to %s within 10 seconds", [input.device.uid, n, host])
	evidence := {"host": host, "connections": n}
}

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	input.class_uid == 4001
	flow.outbound
	input.traffic.packets_in == 0
	n := input.windows.packets.sum
	n >= 3000
	host := input.dst_endpoint.ip
	summary := sprintf("%s sent %s %d packets within 10 seconds and got no answer", [input.device.uid, host, n])
	evidence := {"host": host, "packets": n, "flows": input.windows.packets.count}
}
