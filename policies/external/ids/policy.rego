# METADATA
# title: High-severity alert of another detector
# description: >-
#   An intrusion detection system on the network calls something about the
#   device high or critical. It is passed on so that it is acted on in one
#   place.
# custom:
#   id: CRD-0050
#   severity: high
#   response: alert
#   attack: [T1190]
#   status: stable
#   suppress: 1h
#   false_positives: >-
#     Those of the rule that raised it.
#   next_steps: >-
#     Follow the description of the rule.
package policies.external.ids

findings contains {"summary": summary, "evidence": evidence, "key": rule} if {
	input.class_uid == 2004
	input.is_alert
	input.severity_id >= 4
	product := input.metadata.product.name
	rule := input.finding_info.analytic.uid
	summary := sprintf("%s: %s", [product, input.finding_info.title])
	evidence := {"product": product, "rule": rule, "title": input.finding_info.title}
}
