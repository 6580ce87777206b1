# METADATA
# title: Device lets somebody in over telnet
# description: >-
#   A telnet session to a device was established. Telnet has no encryption,
#   and its default passwords are what Mirai lives on.
# custom:
#   id: CRD-0022
#   severity: medium
#   response: alert
#   attack: [T1021, T1078.001]
#   status: stable
#   suppress: 24h
#   false_positives: >-
#     An old device that has nothing better; it should be behind a gateway.
#   next_steps: >-
#     Turn telnet off or close it at the firewall; change the password; see
#     what was done in the session.
package policies.access.telnet_open

import data.lib.flow

findings contains {"summary": summary, "evidence": evidence, "key": input.src_endpoint.ip} if {
	flow.established
	input.dst_endpoint.port in {23, 2323}
	flow.tcp
	flow.to_device
	summary := sprintf("%s accepted telnet from %s", [input.device.uid, input.src_endpoint.ip])
	evidence := {"client": input.src_endpoint.ip, "port": input.dst_endpoint.port}
}
