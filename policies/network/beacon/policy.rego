# METADATA
# title: Device calls a host outside at regular intervals
# description: >-
#   A device opens connections to the same host outside like clockwork. Much
#   that is harmless does so too; what counts is whether the host is known.
# custom:
#   id: CRD-0006
#   severity: medium
#   response: alert
#   attack: [T1071, T1573]
#   status: experimental
#   suppress: 24h
#   windows:
#     calls: {kind: interval, by: [input.device.uid, input.dst_endpoint.ip, input.dst_endpoint.port], over: 2h, gap: 2s}
#   false_positives: >-
#     Heartbeats and polling of a cloud service; usual for many devices.
#   next_steps: >-
#     Compare with devices of the same model. If only this one calls that
#     host, look closer.
package policies.network.beacon

import data.lib.flow

observe contains "calls" if {
	flow.established
	flow.tcp
	flow.outbound
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s:%d", [host, port])} if {
	flow.established
	flow.tcp
	flow.outbound
	input.windows.calls.count >= 20
	input.windows.calls.cv <= 0.2
	input.windows.calls.mean_s >= 10
	host := input.dst_endpoint.ip
	calls := input.windows.calls
	port := input.dst_endpoint.port
	summary := sprintf("%s calls %s port %d every %d s", [input.device.uid, host, port, round(calls.mean_s)])
	evidence := {"host": host, "port": port, "calls": calls.count, "mean_s": calls.mean_s, "cv": calls.cv}
}
