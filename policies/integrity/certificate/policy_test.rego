package policies.integrity.certificate_test

import data.policies.integrity.certificate

event := {
	"class_uid": 4001,
	"time": 1000,
	"device": {"uid": "cam-7"},
	"dst_endpoint": {"ip": "203.0.113.90"},
	"tls": {"sni": "a.example", "certificate": {"expiration_time": 999}},
}

test_expired if count(certificate.findings) == 1 with input as event

test_valid if count(certificate.findings) == 0 with input as object.union(event, {"time": 999})

test_self_signed if count(certificate.findings) == 1 with input as object.union(event, {"time": 1, "tls": {"certificate": {"is_self_signed": true}}})

test_not_self_signed if count(certificate.findings) == 0 with input as object.union(event, {"time": 1, "tls": {"certificate": {"is_self_signed": false}}})

test_both if count(certificate.findings) == 2 with input as object.union(event, {"tls": {"certificate": {"is_self_signed": true}}})

test_by_status if count(certificate.findings) == 1 with input as object.union(event, {"time": 1, "unmapped": {"tls_validation_status": "self signed certificate"}})

test_missing_certificate if count(certificate.findings) == 0 with input as json.remove(event, ["tls/certificate"])
