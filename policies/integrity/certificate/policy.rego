# METADATA
# title: Certificate that must not be trusted
# description: >-
#   A TLS connection of a device went on although the certificate of the other
#   side has expired or was signed by nobody but itself.
# custom:
#   id: CRD-0032
#   severity: medium
#   response: alert
#   attack: [T1557]
#   status: stable
#   suppress: 24h
#   false_positives: >-
#     Devices of one vendor among themselves with certificates they made.
#   next_steps: >-
#     Renew the certificate, or find out who sits in between.
package policies.integrity.certificate

findings contains {"summary": summary, "evidence": evidence, "key": host} if {
	input.class_uid == 4001
	input.tls
	some reason in reasons
	host := input.dst_endpoint.ip
	summary := sprintf("%s spoke TLS with %s, whose certificate %s", [input.device.uid, host, reason])
	evidence := {"host": host, "server_name": object.get(input.tls, "sni", ""), "reason": reason}
}

reasons contains "has expired" if input.tls.certificate.expiration_time < input.time

reasons contains "has expired" if contains(input.unmapped.tls_validation_status, "expired")

reasons contains "is signed by nobody but itself" if input.tls.certificate.is_self_signed

reasons contains "is signed by nobody but itself" if {
	contains(input.unmapped.tls_validation_status, "self signed")
}
