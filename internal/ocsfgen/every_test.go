package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/ocsfgen/profile"
	"github.com/cordon-iot/cordon/ocsf"
)

// TestEveryFieldComesBack fills one attribute of each class at a time, with all
// that is below it, and expects it back from Normalize, and by way of
// encoding/json, byte for byte.
func TestEveryFieldComesBack(t *testing.T) {
	m := edited(t, "version: 1.0.0", "version: 1.0.0")
	var n ocsf.Normalizer
	for _, e := range m.Classes {
		for _, a := range e.Attributes {
			in := example(e, a)
			if a.Name == "unmapped" {
				in["unmapped"] = unmappedExample(m)
			}
			want, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			body, dropped, err := n.Normalize(nil, want)
			if err != nil || len(dropped) > 0 {
				t.Errorf("Normalize of %s with %s drops %q, %v", e.Name, a.Name, dropped, err)
				continue
			}
			if diff := cmp.Diff(string(want), string(body)); diff != "" {
				t.Errorf("Normalize of %s with %s (-want +got):\n%s", e.Name, a.Name, diff)
			}
			var event ocsf.Event
			if err := json.Unmarshal(want, &event); err != nil {
				t.Errorf("Unmarshal of %s with %s: %v", e.Name, a.Name, err)
				continue
			}
			if diff := cmp.Diff(string(want), string(event.AppendJSON(nil))); diff != "" {
				t.Errorf("%s with %s by way of encoding/json (-want +got):\n%s", e.Name, a.Name, diff)
			}
		}
	}
}

// example is an event with what its class demands and a, filled.
func example(e *profile.Event, a *profile.Attribute) map[string]any {
	v := members(e.Attributes, e.AtLeastOne, 0)
	levels := 2
	if a.Name == "evidences" {
		levels = 1 // two would be more fields than an event may have
	}
	v[a.Name] = value(a, levels)
	activity := last(e.Find("activity_id").Enum)
	v["activity_id"], v["category_uid"], v["class_uid"], v["type_uid"] = activity, e.Category.UID, e.UID, e.UID*100+activity
	return v
}

// members fills what is required, and all if there are levels left.
func members(list []*profile.Attribute, atLeastOne []string, levels int) map[string]any {
	v := map[string]any{}
	for _, a := range list {
		if a.Required() || levels > 0 || len(atLeastOne) > 0 && a.Name == atLeastOne[0] {
			v[a.Name] = value(a, levels-1)
		}
	}
	return v
}

func value(a *profile.Attribute, levels int) any {
	v := single(a, levels)
	if a.Array {
		return []any{v, single(a, 0)}
	}
	return v
}

func single(a *profile.Attribute, levels int) any {
	switch {
	case a.Object != nil:
		return members(a.Object.Attributes, a.Object.AtLeastOne, levels)
	case a.Enum != nil:
		return last(a.Enum)
	}
	switch a.Type {
	case "boolean_t":
		return false
	case "float_t":
		return -0.25
	case "integer_t", "long_t", "timestamp_t", "port_t":
		return 17
	case "ip_t":
		return "2001:db8::1"
	case "mac_t":
		return "02:00:00:00:00:0a"
	case "subnet_t":
		return "10.0.0.0/8"
	case "uuid_t":
		return "123e4567-e89b-12d3-a456-426614174000"
	case "json_t":
		return map[string]any{"a": []any{1, "x", nil, true}, "b": 0.5}
	case "object":
		return map[string]any{"conn_state": "SF"}
	}
	return "x\"é"
}

func last(e *profile.Enum) int { return slices.Max(slices.Collect(maps.Keys(e.Values))) }

func unmappedExample(m *profile.Model) map[string]any {
	v := map[string]any{}
	for _, a := range m.Unmapped {
		if !a.Reserved {
			v[a.Name] = single(a, 0)
		}
	}
	return v
}
