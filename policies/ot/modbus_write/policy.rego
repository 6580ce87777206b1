# METADATA
# title: Modbus write by a stranger
# description: >-
#   A host that is not an approved writer writes coils or registers of a
#   Modbus device: it changes what a machine does.
# custom:
#   id: CRD-0040
#   severity: high
#   response: alert
#   attack: [T0836, T0855]
#   status: stable
#   suppress: 10m
#   false_positives: >-
#     A new engineering station that is not in site/modbus.yaml.
#   next_steps: >-
#     Compare the values with what the process should have. Stop the writer at
#     the switch, not the controller: it may hold the process safe.
package policies.ot.modbus_write

findings contains {"summary": summary, "evidence": evidence, "key": sprintf("%s>%s", [src, dst])} if {
	input.class_uid == 4001
	input.unmapped.modbus_function_code in {5, 6, 15, 16, 21, 22, 23}
	not input.unmapped.modbus_pdu_type == "RESP"
	src := input.src_endpoint.ip
	dst := input.dst_endpoint.ip
	not approved
	summary := sprintf("%s wrote to %s over Modbus (function %d)", [src, dst, input.unmapped.modbus_function_code])
	evidence := {
		"from": src,
		"to": dst,
		"function": object.get(input.unmapped, "modbus_function", ""),
		"address": object.get(input.unmapped, "modbus_address", "not reported"),
	}
}

approved if input.src_endpoint.ip in data.site.modbus.writers

approved if input.src_endpoint.uid in data.site.modbus.writers
