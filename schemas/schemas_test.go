package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/ocsf"
)

// compiled returns the schemas by class_uid.
func compiled(t *testing.T) map[int]*jsonschema.Schema {
	t.Helper()
	list := map[int]*jsonschema.Schema{}
	for _, class := range Classes() {
		raw, err := JSON(class)
		if err != nil {
			t.Fatal(err)
		}
		list[uidOf(t, raw)] = compile(t, class, raw)
	}
	return list
}

func compile(t *testing.T, class string, raw []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(class, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(class)
	if err != nil {
		t.Fatalf("schema of %s: %v", class, err)
	}
	return s
}

func uidOf(t *testing.T, raw []byte) int {
	t.Helper()
	var doc struct {
		Properties struct {
			Class struct {
				Enum []int `json:"enum"`
			} `json:"class_uid"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil || len(doc.Properties.Class.Enum) != 1 {
		t.Fatalf("class_uid of the schema = %v, %v; want one number", doc.Properties.Class.Enum, err)
	}
	return doc.Properties.Class.Enum[0]
}

func validate(t *testing.T, s *jsonschema.Schema, event []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// samples are the events that package ocsf is tested with, by class.
func samples(t *testing.T) map[int][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Root(), "ocsf", "testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	list := map[int][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		uid, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".json"))
		if err != nil {
			t.Fatal(err)
		}
		list[uid] = b
	}
	return list
}

func TestSamplesAreValid(t *testing.T) {
	schemas, events := compiled(t), samples(t)
	if len(schemas) != 15 || len(events) != len(schemas) {
		t.Errorf("%d schemas and %d samples; want 15 of each", len(schemas), len(events))
	}
	for uid, s := range schemas {
		if err := validate(t, s, events[uid]); err != nil {
			t.Errorf("sample of class %d: %v", uid, err)
		}
		body, dropped, err := ocsf.Normalize(nil, events[uid])
		if err != nil || len(dropped) > 0 {
			t.Errorf("Normalize of class %d drops %v, %v; want all of it kept", uid, dropped, err)
			continue
		}
		if err := validate(t, s, body); err != nil {
			t.Errorf("canonical sample of class %d: %v", uid, err)
		}
	}
}

// edit changes a sample at a path; an edit with no value deletes.
type edit struct {
	path  string
	value any
}

func (e edit) apply(event map[string]any) {
	at := any(event)
	steps := strings.Split(e.path, ".")
	for _, step := range steps[:len(steps)-1] {
		if i, err := strconv.Atoi(step); err == nil {
			at = at.([]any)[i]
			continue
		}
		at = at.(map[string]any)[step]
	}
	last := steps[len(steps)-1]
	if e.value == nil {
		delete(at.(map[string]any), last)
		return
	}
	at.(map[string]any)[last] = e.value
}

// TestNormalizeAgreesWithSchemas changes one thing in a good event and asks
// both. Where a field is not declared, the schema refuses and Normalize drops.
func TestNormalizeAgreesWithSchemas(t *testing.T) {
	schemas, events := compiled(t), samples(t)
	for _, c := range []struct {
		name  string
		class int
		edits []edit
		good  bool
	}{
		{"nothing", 4001, nil, true},
		{"optional field gone", 4001, []edit{{"duration", nil}}, true},
		{"required field gone", 4001, []edit{{"severity_id", nil}}, false},
		{"required object gone", 4001, []edit{{"metadata", nil}}, false},
		{"required field of an object gone", 4001, []edit{{"metadata.version", nil}}, false},
		{"required field of a nested object gone", 4001, []edit{{"tls.certificate.issuer", nil}}, false},
		{"required field in a list gone", 4003, []edit{{"answers.0.rdata", nil}}, false},
		{"one of two sides", 4001, []edit{{"src_endpoint", nil}}, true},
		{"no side", 4001, []edit{{"src_endpoint", nil}, {"dst_endpoint", nil}}, false},
		{"one of request and answer", 4002, []edit{{"http_response", nil}}, true},
		{"neither request nor answer", 4002, []edit{{"http_response", nil}, {"http_request", nil}}, false},
		{"object without identity", 4001, []edit{{"device", map[string]any{"type_id": 7}}}, false},
		{"undeclared field", 4001, []edit{{"colour", "red"}}, false},
		{"field of another class", 4001, []edit{{"query", map[string]any{"hostname": "a"}}}, false},
		{"undeclared field of an object", 4001, []edit{{"device.colour", "red"}}, false},
		{"undeclared key of unmapped", 4001, []edit{{"unmapped.colour", "red"}}, false},
		{"other key of unmapped", 4001, []edit{{"unmapped.mqtt_topic", "a/b"}}, true},
		{"key of unmapped of another type", 4001, []edit{{"unmapped.mqtt_topic", 5}}, false},
		{"other class", 4001, []edit{{"class_uid", 4003}}, false},
		{"other category", 4001, []edit{{"category_uid", 5}}, false},
		{"type_uid of another class", 4001, []edit{{"type_uid", 400306}}, false},
		{"activity of the class", 4001, []edit{{"activity_id", 1}, {"type_uid", 400101}}, true},
		{"activity of another class", 4001, []edit{{"activity_id", 8}, {"type_uid", 400108}}, false},
		{"severity", 4001, []edit{{"severity_id", 7}}, false},
		{"status of findings", 2004, []edit{{"status_id", 4}}, true},
		{"status of findings elsewhere", 4001, []edit{{"status_id", 4}}, false},
		{"enumeration in a list", 4003, []edit{{"answers.0.flag_ids", []any{1, 7}}}, false},
		{"enumeration of an object", 4001, []edit{{"device.os.type_id", 1}}, false},
		{"text for a number", 4001, []edit{{"traffic.bytes_in", "1"}}, false},
		{"number for a text", 4001, []edit{{"message", 1}}, false},
		{"fraction for an integer", 4001, []edit{{"traffic.bytes_in", 1.5}}, false},
		{"whole float for an integer", 4001, []edit{{"traffic.bytes_in", json.Number("2.0")}}, true},
		{"truth value for a number", 4001, []edit{{"traffic.bytes_in", true}}, false},
		{"number for a truth value", 4001, []edit{{"device.is_managed", 1}}, false},
		{"object for a list", 4001, []edit{{"attacks", map[string]any{}}}, false},
		{"text for an object", 4001, []edit{{"device", "cam"}}, false},
		{"text in a list of objects", 4003, []edit{{"answers", []any{"a"}}}, false},
		{"number in a list of texts", 4001, []edit{{"metadata.labels", []any{"a", 1}}}, false},
		{"IPv4", 4001, []edit{{"src_endpoint.ip", "255.255.255.255"}}, true},
		{"IPv4 out of range", 4001, []edit{{"src_endpoint.ip", "256.1.1.1"}}, false},
		{"IPv4 with leading zero", 4001, []edit{{"src_endpoint.ip", "10.0.0.01"}}, false},
		{"IPv4 of three parts", 4001, []edit{{"src_endpoint.ip", "10.0.0"}}, false},
		{"IPv6", 4001, []edit{{"src_endpoint.ip", "FE80::1"}}, true},
		{"IPv6 with zone", 4001, []edit{{"src_endpoint.ip", "fe80::1%eth0"}}, true},
		{"IPv4 in IPv6", 4001, []edit{{"src_endpoint.ip", "::ffff:10.0.0.1"}}, true},
		{"name for an address", 4001, []edit{{"src_endpoint.ip", "host"}}, false},
		{"empty address", 4001, []edit{{"src_endpoint.ip", ""}}, false},
		{"MAC with dashes", 4001, []edit{{"device.mac", "AA-BB-CC-DD-EE-FF"}}, true},
		{"short MAC", 4001, []edit{{"device.mac", "aa:bb:cc:dd:ee"}}, false},
		{"port", 4001, []edit{{"dst_endpoint.port", 65535}}, true},
		{"port too high", 4001, []edit{{"dst_endpoint.port", 65536}}, false},
		{"negative port", 4001, []edit{{"dst_endpoint.port", -1}}, false},
		{"time of the epoch", 4001, []edit{{"time", 0}}, true},
		{"negative time", 4001, []edit{{"time", -1}}, false},
		{"time beyond 9999", 4001, []edit{{"time", json.Number("253402300800000")}}, false},
		{"time as text", 4001, []edit{{"time", "2026-01-01T00:00:00Z"}}, false},
		{"subnet", 4001, []edit{{"device.subnet", "10.0.0.0/8"}}, true},
		{"subnet without length", 4001, []edit{{"device.subnet", "10.0.0.0"}}, false},
		{"UUID", 4001, []edit{{"device.hw_info.uuid", "123e4567-e89b-12d3-a456-426614174000"}}, true},
		{"short UUID", 4001, []edit{{"device.hw_info.uuid", "123e4567"}}, false},
		{"host name with a space", 4001, []edit{{"dst_endpoint.hostname", "My Printer._ipp._tcp.local"}}, true},
		{"host name with a new line", 4001, []edit{{"dst_endpoint.hostname", "a\nb"}}, false},
		{"text at the limit", 4001, []edit{{"message", strings.Repeat("a", ocsf.MaxString)}}, true},
		{"text over the limit", 4001, []edit{{"message", strings.Repeat("a", ocsf.MaxString+1)}}, false},
		{"any evidence", 2004, []edit{{"evidences.0.data", []any{1, "a", map[string]any{"b": 1}}}}, true},
		{"order without number", 7004, []edit{{"command_uid", nil}}, false},
		{"empty order", 7004, []edit{{"command_uid", ""}}, false},
		{"process without actor", 1007, []edit{{"actor", nil}}, false},
		{"inventory without device", 5001, []edit{{"device", nil}}, false},
		{"flow without device", 4001, []edit{{"device", nil}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := edited(t, events[c.class], c.edits)
			schemaErr := validate(t, schemas[c.class], in)
			_, dropped, err := ocsf.Normalize(nil, in)
			if (schemaErr == nil) != c.good {
				t.Errorf("schema of class %d says %v; want good = %v", c.class, schemaErr, c.good)
			}
			if (err == nil && len(dropped) == 0) != c.good {
				t.Errorf("Normalize = dropped %q, %v; want good = %v", dropped, err, c.good)
			}
		})
	}
}

func edited(t *testing.T, event []byte, edits []edit) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(event))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		e.apply(doc)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSchemasDescribeEveryField: nothing without a meaning, and no scalar
// without a data class.
func TestSchemasDescribeEveryField(t *testing.T) {
	for _, class := range Classes() {
		raw, err := JSON(class)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(class, doc) {
			t.Error(fault)
		}
	}
}

func faults(path string, v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	var list []string
	properties, _ := m["properties"].(map[string]any)
	for name, p := range properties {
		field := p.(map[string]any)
		scalar := field["$ref"] == nil && field["properties"] == nil
		if items, ok := field["items"].(map[string]any); ok {
			scalar = items["$ref"] == nil
		}
		if field["description"] == "" || field["description"] == nil {
			list = append(list, fmt.Sprintf("%s.%s has no description", path, name))
		}
		classes := []any{"public", "operational", "personal", "secret"}
		if scalar && !slices.Contains(classes, field["x-data-class"]) {
			list = append(list, fmt.Sprintf("%s.%s has the data class %v", path, name, field["x-data-class"]))
		}
		list = append(list, faults(path+"."+name, p)...)
	}
	defs, _ := m["$defs"].(map[string]any)
	for name, d := range defs {
		list = append(list, faults(path+"/"+name, d)...)
	}
	return list
}

func TestJSONOfUnknownClass(t *testing.T) {
	_, err := JSON("coffee_activity")
	if err == nil || !strings.Contains(err.Error(), "dns_activity") {
		t.Errorf("JSON(coffee_activity) = %v; want an error that names the classes", err)
	}
}
