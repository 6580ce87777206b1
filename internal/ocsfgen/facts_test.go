package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
)

// deviations are the places where the profile differs from OCSF's published
// schema on purpose, with the reason. The schema at hand is the development
// version before 1.9; the profile keeps to 1.8.
func deviations() map[string]string {
	d := map[string]string{
		"dns_answer.flag_ids: deprecated in 1.9.0":               "1.8 has no other place for it",
		"dns_answer.flags: deprecated in 1.9.0":                  "1.8 has no other place for it",
		"dns_answer.packet_uid: deprecated in 1.9.0":             "1.8 has no other place for it",
		"dns_query.opcode: deprecated in 1.9.0":                  "1.8 has no other place for it",
		"dns_query.opcode_id: deprecated in 1.9.0":               "1.8 has no other place for it",
		"dns_query.packet_uid: deprecated in 1.9.0":              "1.8 has no other place for it",
		"evidences: at least one of is not demanded":             "the profile leaves out some of the kinds of evidence",
		"patch_state: at least one of is not demanded":           "it is about paths; device.os.version is what devices report",
		"actor: at least one of lacks iam_role, invoked_by":      "no cloud roles here",
		"process: at least one of lacks cpid":                    "no common process identifiers here",
		"process_entity: at least one of lacks cpid":             "no common process identifiers here",
		"user: at least one of lacks account":                    "accounts are named by the user here",
		"http_request.http_method: takes any value":              "attack tools send methods of their own",
		"osint.tlp: takes any value":                             "captions and values of the label differ between versions",
		"fingerprint.algorithm_id: lacks 19, 20":                 "not in 1.8",
		"http_activity.activity_id: lacks 10 and 30 more values": "not in 1.8",
	}
	for _, class := range []string{
		"authentication", "detection_finding", "device_config_state_change", "dhcp_activity", "dns_activity", "http_activity",
		"inventory_info", "network_activity", "network_remediation_activity", "patch_state", "peripheral_activity",
		"process_activity", "software_info", "ssh_activity", "tunnel_activity",
	} {
		d[class+".osint: optional, OCSF says required"] = "OCSF means: where the osint profile is applied; most events know no indicator"
	}
	return d
}

// TestProfileStatesFacts compares the profile with the schema OCSF publishes.
func TestProfileStatesFacts(t *testing.T) {
	u := loadUpstream(t)
	m := edited(t, "version: 1.0.0", "version: 1.0.0")
	found := map[string]bool{}
	for _, e := range m.Classes {
		classFacts(t, u, e, found)
	}
	for _, o := range m.Objects {
		if _, ok := u.objects[o.Name]; !ok {
			t.Errorf("OCSF has no object %s", o.Name)
			continue
		}
		attributeFacts(u, o.Name, o.Attributes, u.attributes(t, u.objects, o.Name), found)
		constraintFacts(o.Name, o.AtLeastOne, u.atLeastOne(u.objects, o.Name), found)
	}
	known := deviations()
	for f := range found {
		if known[f] == "" {
			t.Errorf("%s", f)
		}
	}
	for f, reason := range known {
		if !found[f] {
			t.Errorf("%s (%s): the profile does not deviate there any more", f, reason)
		}
	}
}

func classFacts(t *testing.T, u *upstream, e *profile.Event, found map[string]bool) {
	t.Helper()
	item, ok := u.events[e.Name]
	if !ok {
		t.Errorf("OCSF has no class %s", e.Name)
		return
	}
	if category := u.category(t, e.Name); e.UID != category*1000+item.UID || e.Category.UID != category || e.Caption != item.Caption {
		t.Errorf("class %s is %d %q of category %d; OCSF says %d %q of category %d",
			e.Name, e.UID, e.Caption, e.Category.UID, category*1000+item.UID, item.Caption, category)
	}
	attributeFacts(u, e.Name, e.Attributes, u.attributes(t, u.events, e.Name), found)
	constraintFacts(e.Name, e.AtLeastOne, u.atLeastOne(u.events, e.Name), found)
}

func attributeFacts(u *upstream, owner string, list []*profile.Attribute, facts map[string]upstreamAttribute, found map[string]bool) {
	for _, a := range list {
		fact, ok := facts[a.Name]
		where := owner + "." + a.Name
		note := func(text string) { found[where+": "+text] = true }
		switch {
		case !ok:
			note("not in OCSF")
			continue
		case a.Type != fact.Type || a.Array != fact.Array:
			note(typeName(a) + ", OCSF says " + fact.Type)
		case a.Object == nil && a.Type != "object" && !u.types[a.Type]:
			note("OCSF has no type " + a.Type)
		}
		if a.Require != fact.Requirement {
			note(a.Require + ", OCSF says " + fact.Requirement)
		}
		if fact.Deprecated.Since != "" {
			note("deprecated in " + fact.Deprecated.Since)
		}
		enumFacts(a, fact, note)
	}
}

func enumFacts(a *profile.Attribute, fact upstreamAttribute, note func(string)) {
	if a.Name == "class_uid" || a.Name == "category_uid" {
		return // the class decides; classFacts compares them
	}
	if a.Enum == nil {
		if len(fact.Enum) > 0 {
			note("takes any value")
		}
		return
	}
	for v, caption := range a.Enum.Values {
		if got := fact.Enum[strconv.Itoa(v)].Caption; got != caption {
			note(strconv.Itoa(v) + " is " + caption + ", OCSF says " + got)
		}
	}
	var lacks []int
	for v := range fact.Enum {
		if n, err := strconv.Atoi(v); err == nil && a.Enum.Values[n] == "" {
			lacks = append(lacks, n)
		}
	}
	if slices.Sort(lacks); len(lacks) > 0 {
		note("lacks " + shortList(lacks))
	}
}

func shortList(list []int) string {
	if len(list) > 3 {
		return strconv.Itoa(list[0]) + " and " + strconv.Itoa(len(list)-1) + " more values"
	}
	var texts []string
	for _, v := range list {
		texts = append(texts, strconv.Itoa(v))
	}
	return strings.Join(texts, ", ")
}

func constraintFacts(owner string, ours, theirs []string, found map[string]bool) {
	var lacks []string
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			lacks = append(lacks, name)
		}
	}
	slices.Sort(lacks)
	switch {
	case len(theirs) > 0 && len(ours) == 0:
		found[owner+": at least one of is not demanded"] = true
	case len(lacks) > 0:
		found[owner+": at least one of lacks "+strings.Join(lacks, ", ")] = true
	}
	for _, name := range ours {
		if !slices.Contains(theirs, name) {
			found[owner+": at least one of has "+name+", OCSF does not"] = true
		}
	}
}

// TestProfileKeepsToItsVersion: the schema at hand is newer than the profile;
// what 1.9 adds, by its change log, must not be used.
func TestProfileKeepsToItsVersion(t *testing.T) {
	added := []string{
		"ai_agent", "attestation_list", "authority", "chain_uid", "cpu_info_list", "criticality_id", "delegation", "download_info",
		"encoding", "encoding_id", "iam_role", "initiator", "initiator_id", "key_name", "notes", "peripheral_devices", "prev_event",
		"properties", "query_additional", "response_additional", "sensor_layer_id", "serialization", "serialization_id",
		"transaction_id", "uid_numeric",
	}
	m := edited(t, "version: 1.0.0", "version: 1.0.0")
	var used []string
	for _, s := range append([]*profile.Struct{m.Event}, m.Objects...) {
		for _, a := range s.Attributes {
			if slices.Contains(added, a.Name) {
				used = append(used, s.Name+"."+a.Name)
			}
		}
	}
	if diff := cmp.Diff([]string(nil), used); diff != "" {
		t.Errorf("attributes of OCSF 1.9 in a profile of %s (-want +got):\n%s", m.OCSF, diff)
	}
}
