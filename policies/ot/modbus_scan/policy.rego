# METADATA
# title: Modbus device read out
# description: >-
#   A host reads fifty different addresses of one Modbus device within a
#   minute. A control system reads the same few; somebody who reads all of
#   them is finding out what is there.
# custom:
#   id: CRD-0041
#   severity: medium
#   response: alert
#   attack: [T0888, T0846]
#   status: stable
#   suppress: 1h
#   windows:
#     addresses: {kind: distinct, of: input.unmapped.modbus_address, by: [input.device.uid, input.src_endpoint.ip, input.dst_endpoint.ip], over: 1m}
#   false_positives: >-
#     An engineering tool that reads a controller out.
#   next_steps: >-
#     Find out who the reader is. Reading out is often the step before
#     writing.
package policies.ot.modbus_scan

observe contains "addresses" if {
	input.class_uid == 4001
	input.unmapped.modbus_function_code in {1, 2, 3, 4}
	not input.unmapped.modbus_pdu_type == "RESP"
}

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s>%s", [src, dst])} if {
	input.class_uid == 4001
	input.unmapped.modbus_function_code in {1, 2, 3, 4}
	n := input.windows.addresses.distinct
	n >= 50
	src := input.src_endpoint.ip
	dst := input.dst_endpoint.ip
	summary := sprintf("%s read %d different addresses of %s over Modbus within a minute", [src, n, dst])
	evidence := {"from": src, "to": dst, "addresses": n}
}
