# METADATA
# title: Connection that stays open for hours and hardly speaks
# description: >-
#   A TCP connection to a host outside lasted six hours or more and carried
#   less than two bytes a second: a channel that is kept open for orders to
#   come. Push services look the same.
# custom:
#   id: CRD-0008
#   severity: low
#   response: alert
#   attack: [T1071, T1095]
#   status: experimental
#   suppress: 24h
#   false_positives: >-
#     Push services and MQTT with long keep-alives.
#   next_steps: >-
#     See who the host belongs to. It matters if the device tried other hosts
#     before.
package policies.network.quiet_channel

import data.lib.flow

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	input.class_uid == 4001
	flow.outbound
	flow.tcp
	input.duration >= 21600000
	bytes := input.traffic.bytes
	bytes > 0
	bytes * 1000 < input.duration * 2
	host := input.dst_endpoint.ip
	hours := floor(input.duration / 3600000)
	summary := sprintf("%s kept a connection to %s open for %d hours and sent and received %d bytes", [input.device.uid, host, hours, bytes])
	evidence := {"host": host, "port": input.dst_endpoint.port, "duration_ms": input.duration, "bytes": bytes}
}
