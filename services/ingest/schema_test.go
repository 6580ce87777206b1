package ingest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/schemas"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// published are the JSON Schemas by class.
func published(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	byClass := map[string]*jsonschema.Schema{}
	for _, class := range schemas.Classes() {
		text, err := schemas.JSON(class)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(class, doc); err != nil {
			t.Fatal(err)
		}
		byClass[class] = c.MustCompile(class)
	}
	return byClass
}

func validate(t testing.TB, of map[string]*jsonschema.Schema, e cordon.Event) {
	t.Helper()
	s := of[e.Class]
	if s == nil {
		t.Fatalf("no schema for class %q", e.Class)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Body))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("event is not as its schema says: %v\n%s", err, e.Body)
	}
}

// TestSchemas validates what comes of the golden records, of Suricata's alerts
// and of a sample of the fleet against the published schemas.
func TestSchemas(t *testing.T) {
	of := published(t)
	t.Run("golden", func(t *testing.T) {
		files, err := filepath.Glob("testdata/golden/*.in")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, file := range files {
			format, _, _ := strings.Cut(filepath.Base(file), "-")
			s := newTestStep(t, format, site()...)
			for _, in := range records(t, file) {
				if res := s.do(t, in); res.event != nil {
					validate(t, of, res.raw)
					n++
				}
			}
		}
		if n < 50 {
			t.Errorf("%d events; want 50 at least", n)
		}
	})
	t.Run("suricata", func(t *testing.T) {
		for _, name := range []string{"alerts-first-org-conf-2015", "alerts-wrccdc-2017"} {
			var alerts []json.RawMessage
			if err := json.NewDecoder(open(t, "suricata", name+".json.zst")).Decode(&alerts); err != nil {
				t.Fatal(err)
			}
			s := newTestStep(t, "eve")
			for _, raw := range alerts {
				validate(t, of, s.do(t, cordon.Record{Key: "s-1", Value: raw}).raw)
			}
		}
	})
	t.Run("fleet", func(t *testing.T) {
		s := newTestStep(t, "zeek")
		for i, raw := range lines(t, open(t, "fleet-replay", "fleet-dev-1.ndjson.zst")) {
			if i%97 == 0 {
				validate(t, of, s.do(t, cordon.Record{Value: raw}).raw)
			}
		}
	})
}

// records reads a golden file.
func records(t testing.TB, file string) []cordon.Record {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rs []cordon.Record
	var heads zeek.Lines
	for line := range bytes.SplitSeq(bytes.TrimRight(raw, "\n"), []byte("\n")) {
		in := cordon.Record{Value: line}
		if headers, _, ok := heads.Next(line); ok {
			in.Headers = headers
		}
		rs = append(rs, in)
	}
	return rs
}
