# METADATA
# title: Many failed logons
# description: >-
#   Ten SSH sessions or logons between the same two hosts within five minutes
#   of which none is known to have succeeded: somebody guesses passwords.
# custom:
#   id: CRD-0020
#   severity: high
#   response: alert
#   attack: [T1110.001]
#   status: stable
#   suppress: 1h
#   windows:
#     failures: {kind: count, by: [input.device.uid, input.src_endpoint.ip, input.dst_endpoint.ip], over: 5m}
#   false_positives: >-
#     A monitoring system or a backup with an old password.
#   next_steps: >-
#     If the device guesses, it was taken over. If it is guessed at, change
#     its password and close the port.
package policies.access.brute_force

observe contains "failures" if failed_logon

failed_logon if {
	input.class_uid == 4007
	not input.status_id == 1
}

failed_logon if {
	input.class_uid == 3002
	input.activity_id == 1
	input.status_id == 2
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s>%s", [src, dst])} if {
	failed_logon
	n := input.windows.failures.count
	n >= 10
	src := input.src_endpoint.ip
	dst := input.dst_endpoint.ip
	summary := sprintf("%d logons from %s to %s within 5 minutes, none known to have succeeded", [n, src, dst])
	evidence := {"from": src, "to": dst, "logons": n, "device": input.device.uid}
}
