package policies.integrity.boot_test

import data.policies.integrity.boot

event := {
	"class_uid": 5019,
	"device": {"uid": "cam-7"},
	"unmapped": {"boot_verified": false, "boot_measured": "ab"},
}

test_hit if count(boot.findings) == 1 with input as event

test_without_digest if count(boot.findings) == 1 with input as json.remove(event, ["unmapped/boot_measured"])

test_verified if count(boot.findings) == 0 with input as object.union(event, {"unmapped": {"boot_verified": true}})

test_missing_result if count(boot.findings) == 0 with input as json.remove(event, ["unmapped/boot_verified"])
