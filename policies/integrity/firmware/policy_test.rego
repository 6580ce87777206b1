package policies.integrity.firmware_test

import data.policies.integrity.firmware

event := {
	"class_uid": 5001,
	"device": {"uid": "cam-7", "model": "M1", "os": {"version": "1.1"}},
}

test_not_approved if count(firmware.findings) == 1 with input as event with data.site.firmware.approved as {"M1": ["1.2"]}

test_not_expected if count(firmware.findings) == 1 with input as object.union(event, {"unmapped": {"firmware_expected": "1.2"}}) with data.site.firmware.approved as {"M1": ["1.2"]}

test_expected if count(firmware.findings) == 0 with input as object.union(event, {"unmapped": {"firmware_expected": "1.1"}}) with data.site.firmware.approved as {"M1": ["1.2"]}

test_approved if count(firmware.findings) == 0 with input as object.union(event, {"device": {"os": {"version": "1.2"}}, "unmapped": {"firmware_expected": "1.1"}}) with data.site.firmware.approved as {"M1": ["1.2"]}

test_unlisted_model if count(firmware.findings) == 0 with input as object.union(event, {"device": {"model": "M2"}}) with data.site.firmware.approved as {"M1": ["1.2"]}

test_other_class if count(firmware.findings) == 0 with input as object.union(event, {"class_uid": 4001}) with data.site.firmware.approved as {"M1": ["1.2"]}

test_missing_version if count(firmware.findings) == 0 with input as json.remove(event, ["device/os"]) with data.site.firmware.approved as {"M1": ["1.2"]}
