# METADATA
# title: Many hosts tried on one port
# description: >-
#   A device tries one TCP port on many hosts and gets nowhere: it looks for
#   others to break into. Devices know whom they talk to; they do not try
#   addresses.
# custom:
#   id: CRD-0001
#   severity: high
#   response: quarantine
#   lease: 1h
#   attack: [T1046, T1595.001]
#   status: stable
#   suppress: 1h
#   windows:
#     targets: {kind: distinct, of: input.dst_endpoint.ip, by: [input.device.uid, input.dst_endpoint.port], over: 5m}
#   false_positives: >-
#     A management station that looks for devices after a power cut; give it
#     no IoT policy, or exclude its zone.
#   next_steps: >-
#     Take an image of the device if you can, then reset and patch it. See
#     which of the hosts answered: they may be next.
package policies.network.port_scan

import data.lib.flow

observe contains "targets" if {
	flow.failed
	flow.from_device
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%d", [port])} if {
	flow.failed
	flow.from_device
	n := input.windows.targets.distinct
	n >= 25
	port := input.dst_endpoint.port
	summary := sprintf("%s tried port %d on %d hosts within 5 minutes without success", [input.device.uid, port, n])
	evidence := {"port": port, "hosts": n, "last_host": input.dst_endpoint.ip}
}
