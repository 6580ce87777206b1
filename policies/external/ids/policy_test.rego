package policies.external.ids_test

import data.policies.external.ids

event := {
	"class_uid": 2004,
	"is_alert": true,
	"severity_id": 4,
	"metadata": {"product": {"name": "Suricata"}},
	"finding_info": {"title": "T", "analytic": {"uid": "2030001"}},
}

test_hit if count(ids.findings) == 1 with input as event

test_medium if count(ids.findings) == 0 with input as object.union(event, {"severity_id": 3})

test_no_alert if count(ids.findings) == 0 with input as object.union(event, {"is_alert": false})

test_missing_rule if count(ids.findings) == 0 with input as json.remove(event, ["finding_info/analytic"])
