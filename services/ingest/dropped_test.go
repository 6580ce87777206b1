package ingest

import (
	"testing"

	"github.com/cordon-iot/cordon"
)

// TestDrops holds Drops against the step itself: what it calls left out leaves
// nothing behind, and nothing else does.
func TestDrops(t *testing.T) {
	for _, c := range []struct{ name, format, value, want string }{
		{"blank", "zeek", " \n", "blank"},
		{"head", "zeek", "#separator \\x09", "zeek.comment"},
		{"row without its head", "zeek", "1.5\tC1", ""},
		{"no JSON", "zeek", `{"_path":"conn","ts":`, ""},
		{"a log that is not mapped", "zeek", `{"_path":"weird","ts":1.5}`, ""},
		{"stats", "eve", `{"event_type":"stats"}`, "eve.stats"},
		{"an event type that is not mapped", "eve", `{"event_type":"anomaly"}`, ""},
		{"blank", "eve", "\r\n", "blank"},
		{"an event", "zeek", `{"_path":"conn","_sensor":"gate","ts":1772355600.5,"uid":"C1","id.orig_h":"10.20.0.11","id.orig_p":4000,"id.resp_h":"10.0.0.20","id.resp_p":443,"proto":"tcp","conn_state":"SF"}`, ""},
		{"no event", "ocsf", `{}`, ""},
	} {
		t.Run(c.format+" "+c.name, func(t *testing.T) {
			d, err := NewDrops(c.format)
			if err != nil {
				t.Fatal(err)
			}
			in := cordon.Record{Key: "gate", Value: []byte(c.value)}
			kind, ok := d.Of(in)
			if kind != c.want || ok != (c.want != "") {
				t.Errorf("Of(%s) = %q, %v; want %q", c.value, kind, ok, c.want)
			}
			if got := newTestStep(t, c.format).do(t, in); ok != (got.event == nil && got.refused == nil) {
				t.Errorf("Of(%s) = %q, %v, but the step made %+v", c.value, kind, ok, got)
			}
		})
	}
	if _, err := NewDrops("csv"); err == nil {
		t.Error("NewDrops(csv) = nil; want an error")
	}
}
