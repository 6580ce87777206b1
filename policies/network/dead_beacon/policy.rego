# METADATA
# title: Device keeps calling a host that does not answer
# description: >-
#   A device calls the same host outside again and again, at regular
#   intervals, on a port that no common service has, and nobody answers.
#   Malware whose command host was taken down behaves like this; so may a
#   device whose vendor is gone.
# custom:
#   id: CRD-0005
#   severity: high
#   response: quarantine
#   lease: 1h
#   attack: [T1571, T1008]
#   status: stable
#   suppress: 1h
#   windows:
#     calls: {kind: interval, by: [input.device.uid, input.dst_endpoint.ip, input.dst_endpoint.port], over: 1h, gap: 10s}
#   false_positives: >-
#     A vendor service on a port of its own that is down or was given up; add
#     the port to site/services.yaml.
#   next_steps: >-
#     Look up the host. If it is not the vendor's, the device was taken over:
#     reset and patch it, block the host.
package policies.network.dead_beacon

import data.lib.flow

observe contains "calls" if {
	flow.unanswered
	flow.outbound
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s:%d", [host, port])} if {
	flow.unanswered
	flow.outbound
	input.windows.calls.count >= 15
	input.windows.calls.cv <= 0.6
	input.windows.calls.mean_s >= 15
	port := input.dst_endpoint.port
	not port in data.site.services.ports
	host := input.dst_endpoint.ip
	calls := input.windows.calls
	summary := sprintf("%s calls %s port %d every %d s and gets no answer", [input.device.uid, host, port, round(calls.mean_s)])
	evidence := {"host": host, "port": port, "calls": calls.count, "mean_s": calls.mean_s, "cv": calls.cv}
}
