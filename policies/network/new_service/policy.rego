# METADATA
# title: Device offers a service that it did not offer before
# description: >-
#   A connection from elsewhere to a port of the device succeeded, on a port
#   where none had within 30 days, although the device was known for a day:
#   something new listens there. High ports are left out; both sides pick them
#   for data connections.
# custom:
#   id: CRD-0003
#   severity: medium
#   response: alert
#   attack: [T1543, T1571]
#   status: stable
#   suppress: 24h
#   windows:
#     device: {kind: first_seen, by: [input.device.uid], over: 720h}
#     service: {kind: first_seen, by: [input.device.uid, input.dst_endpoint.port], over: 720h}
#   false_positives: >-
#     A firmware update that adds a service, an operator who turns one on.
#   next_steps: >-
#     Compare with the change log of the device. If nobody asked for it, look
#     at what answers on the port.
package policies.network.new_service

import data.lib.flow

observe contains "device" if input.class_uid == 4001

observe contains "service" if {
	flow.established
	flow.to_device
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%d", [port])} if {
	flow.established
	flow.to_device
	input.windows.service.count == 1
	input.windows.device.age_s >= 86400
	port := input.dst_endpoint.port
	port < 32768
	summary := sprintf("%s accepts connections on port %d for the first time", [input.device.uid, port])
	evidence := {"port": port, "client": input.src_endpoint.ip, "known_s": input.windows.device.age_s}
}
