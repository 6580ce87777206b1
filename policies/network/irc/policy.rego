# METADATA
# title: Device speaks IRC
# description: >-
#   A device has a connection to an IRC server outside. No IoT device needs
#   IRC; botnets of the Mirai and Tsunami families take their orders there.
# custom:
#   id: CRD-0010
#   severity: critical
#   response: quarantine
#   lease: 2h
#   attack: [T1071, T1571]
#   status: stable
#   suppress: 1h
#   false_positives: >-
#     A person who chats on a computer that is enrolled as a device.
#   next_steps: >-
#     The server is the botnet's: report it. Reset and patch the device, and
#     look for others that talk to the server.
package policies.network.irc

import data.lib.flow

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	input.class_uid == 4001
	input.app_name == "irc"
	flow.outbound
	host := input.dst_endpoint.ip
	port := input.dst_endpoint.port
	summary := sprintf("%s speaks IRC with %s port %d", [input.device.uid, host, port])
	evidence := {"host": host, "port": port}
}
