# METADATA
# title: Firmware that is not approved
# description: >-
#   A device reports a firmware version that is neither the one that the
#   inventory expects nor approved for its model: it missed an update, was set
#   back, or runs something else.
# custom:
#   id: CRD-0030
#   severity: high
#   response: alert
#   attack: [T1601, T1542.001]
#   status: stable
#   suppress: 24h
#   false_positives: >-
#     An update that the inventory does not know of yet.
#   next_steps: >-
#     Compare the image's digest with the vendor's. If it matches, correct the
#     inventory; if not, write the approved image.
package policies.integrity.firmware

reports if input.class_uid in {5001, 5004, 5019, 5020}

findings contains {"summary": summary, "evidence": evidence} if {
	reports
	running := input.device.os.version
	expected := input.unmapped.firmware_expected
	running != expected
	not approved
	summary := sprintf("%s runs firmware %s; the inventory expects %s", [input.device.uid, running, expected])
	evidence := {"running": running, "expected": expected}
}

findings contains {"summary": summary, "evidence": evidence} if {
	reports
	running := input.device.os.version
	model := input.device.model
	versions := data.site.firmware.approved[model]
	not running in versions
	not input.unmapped.firmware_expected
	summary := sprintf("%s runs firmware %s, which is not approved for %s", [input.device.uid, running, model])
	evidence := {"running": running, "model": model, "approved": versions}
}

approved if {
	versions := data.site.firmware.approved[input.device.model]
	input.device.os.version in versions
}
