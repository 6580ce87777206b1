# METADATA
# title: Device asks for many names that do not exist
# description: >-
#   A device asked for twenty different names within ten minutes that do not
#   exist: it may be looking for a command host whose name changes by a
#   formula.
# custom:
#   id: CRD-0009
#   severity: medium
#   response: alert
#   attack: [T1568.002]
#   status: stable
#   suppress: 1h
#   windows:
#     names: {kind: distinct, of: input.query.hostname, by: [input.device.uid], over: 10m}
#   false_positives: >-
#     A search domain that is wrong, a resolver that is cut off from the
#     Internet.
#   next_steps: >-
#     Look at the names: words are a mistake, noise is an algorithm.
package policies.network.dns_failures

import data.lib.flow

observe contains "names" if {
	input.class_uid == 4003
	input.rcode_id == 3
	flow.from_device
}

findings contains {"summary": summary, "evidence": evidence} if {
	input.class_uid == 4003
	input.rcode_id == 3
	flow.from_device
	n := input.windows.names.distinct
	n >= 20
	summary := sprintf("%s asked for %d names that do not exist within 10 minutes", [input.device.uid, n])
	evidence := {"names": n, "last_name": input.query.hostname}
}
