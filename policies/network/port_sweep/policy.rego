# METADATA
# title: Many ports tried on one host
# description: >-
#   A device tries many TCP ports of one host and gets nowhere: it looks for a
#   way in.
# custom:
#   id: CRD-0002
#   severity: high
#   response: quarantine
#   lease: 1h
#   attack: [T1046]
#   status: stable
#   suppress: 1h
#   windows:
#     ports: {kind: distinct, of: input.dst_endpoint.port, by: [input.device.uid, input.dst_endpoint.ip], over: 5m}
#   false_positives: >-
#     A vulnerability scanner of your own that is enrolled as a device.
#   next_steps: >-
#     Find out what the device is after on that host, and who told it to; then
#     reset and patch it.
package policies.network.port_sweep

import data.lib.flow

observe contains "ports" if {
	flow.failed
	flow.from_device
}

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	flow.failed
	flow.from_device
	n := input.windows.ports.distinct
	n >= 20
	host := input.dst_endpoint.ip
	summary := sprintf("%s tried %d ports of %s within 5 minutes without success", [input.device.uid, n, host])
	evidence := {"host": host, "ports": n, "last_port": input.dst_endpoint.port}
}
