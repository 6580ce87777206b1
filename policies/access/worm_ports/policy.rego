# METADATA
# title: Device contacts ports that worms spread over
# description: >-
#   A device contacts hosts outside on ports that hardly anything but worms
#   for IoT devices uses: telnet and its usual second port, CPE management
#   (TR-069), Android debugging, and two router services with known holes.
# custom:
#   id: CRD-0021
#   severity: high
#   response: quarantine
#   lease: 2h
#   attack: [T1210, T1110]
#   status: stable
#   suppress: 1h
#   windows:
#     hosts: {kind: distinct, of: input.dst_endpoint.ip, by: [input.device.uid], over: 10m}
#   false_positives: >-
#     A terminal server that reaches devices outside over telnet.
#   next_steps: >-
#     The device looks for others to infect. Reset it, patch it, change its
#     password; see whether one of the hosts answered.
package policies.access.worm_ports

import data.lib.flow

ports := {23, 2323, 5555, 7547, 37215, 52869, 60023}

observe contains "hosts" if {
	input.class_uid == 4001
	input.dst_endpoint.port in ports
	flow.outbound
	flow.tcp
}

findings contains {"summary": summary, "evidence": evidence} if {
	input.class_uid == 4001
	input.dst_endpoint.port in ports
	flow.outbound
	flow.tcp
	n := input.windows.hosts.distinct
	n >= 5
	summary := sprintf("%s contacted %d hosts outside on ports that worms use within 10 minutes", [input.device.uid, n])
	evidence := {"hosts": n, "last_host": input.dst_endpoint.ip, "last_port": input.dst_endpoint.port}
}
