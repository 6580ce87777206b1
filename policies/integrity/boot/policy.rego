# METADATA
# title: Boot check failed
# description: >-
#   A device reports that its boot image did not pass the check of its
#   signature.
# custom:
#   id: CRD-0031
#   severity: critical
#   response: quarantine
#   lease: 4h
#   attack: [T1542.001]
#   status: stable
#   suppress: 1h
#   false_positives: >-
#     A development image on a device that is not marked as such.
#   next_steps: >-
#     Do not trust what the device says. Write an approved image through its
#     recovery mode and see whether the finding comes back.
package policies.integrity.boot

findings contains {"summary": summary, "evidence": evidence} if {
	input.class_uid == 5019
	input.unmapped.boot_verified == false
	summary := sprintf("%s started an image that did not pass the boot check", [input.device.uid])
	evidence := {"measured": object.get(input.unmapped, "boot_measured", "not reported")}
}
