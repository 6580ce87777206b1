package cordon

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestParsePosition(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Position
		ok   bool
	}{
		{"events/3/42", Position{"events", 3, 42}, true},
		{"site/7.events/0/0", Position{"site/7.events", 0, 0}, true},
		{"", Position{}, false},
		{"events", Position{}, false},
		{"events/3", Position{}, false},
		{"/3/4", Position{}, false},
		{"events/-1/4", Position{}, false},
		{"events/1/x", Position{}, false},
	} {
		got, err := ParsePosition(tc.in)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("ParsePosition(%q) = %v, %v; want %v, ok %v", tc.in, got, err, tc.want, tc.ok)
		}
		if tc.ok && got.String() != tc.in {
			t.Errorf("String() = %q; want %q", got, tc.in)
		}
	}
}

// The vectors are frozen: identities are on the log for ever.
func TestDeriveID(t *testing.T) {
	for _, tc := range []struct {
		kind   string
		causes []string
		want   string
	}{
		{"event", []string{"/sensors/s-02", "{}"}, "60f9fd1e-19c2-8fa4-b453-b399bdcf7c44"},
		{"a", []string{"bc"}, "3fafa1cf-2f19-87c1-929b-eb20cf0983f7"},
		{"ab", []string{"c"}, "601d5476-e2cc-8e2c-87a2-bba7a3226597"},
	} {
		if got := DeriveID(tc.kind, tc.causes...); got != tc.want {
			t.Errorf("DeriveID(%q, %q) = %s; want %s", tc.kind, tc.causes, got, tc.want)
		}
	}
}

func TestEventRoundTrip(t *testing.T) {
	want := Event{
		ID: "e1", Device: "cam-7", Class: "network_activity", Source: "/sensors/s-02",
		Time: at("2026-03-02T00:00:00.125Z"), Recorded: at("2026-03-02T00:00:01Z"),
		Body: []byte(`{"class_uid":4001}`), Position: Position{"events", 1, 9},
	}
	r := want.Record()
	r.Position = want.Position
	got, err := EventOf(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("EventOf(Record()) differs (-want +got):\n%s", d)
	}
}

func TestEventOfRefuses(t *testing.T) {
	good := Event{ID: "e1", Device: "cam-7", Class: "c", Time: at("2026-03-02T00:00:00Z"), Recorded: at("2026-03-02T00:00:00Z")}
	for _, tc := range []struct {
		name  string
		spoil func(*Record)
	}{
		{"no key", func(r *Record) { r.Key = "" }},
		{"no headers", func(r *Record) { r.Headers = nil }},
		{"bad time", func(r *Record) { r.Headers[4].Value = "yesterday" }},
	} {
		r := good.Record()
		tc.spoil(&r)
		if e, err := EventOf(r); err == nil {
			t.Errorf("%s: EventOf = %+v; want an error", tc.name, e)
		}
	}
}

func TestFindingRoundTrip(t *testing.T) {
	want := Finding{
		ID:     NewFindingID("d1", "cam-7", "e1", ""),
		Policy: PolicyRef{"CRD-0001", "policies.network.port_scan", "Port scan", "d1"},
		Device: "cam-7", Zone: "cctv", Cause: "e1", CauseAt: Position{"events", 1, 9},
		Time: at("2026-03-02T00:00:00.125Z"), Severity: High, Response: Quarantine, Lease: time.Hour,
		Summary: "cam-7 probed 40 hosts", Attack: []string{"T1046"}, Evidence: map[string]any{"hosts": 40.0},
	}
	r, err := want.Record()
	if err != nil {
		t.Fatal(err)
	}
	got, err := FindingOf(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("FindingOf(Record()) differs (-want +got):\n%s", d)
	}
}

func TestActionRoundTrip(t *testing.T) {
	id := NewActionID("f1", Segment)
	want := Action{
		ID: id, State: Applied, Op: NewOpID(id, "webhook", Apply, 0), Device: "cam-7", Zone: "cctv",
		Finding: "f1", Policy: "CRD-0001", Title: "Port scan", Severity: High, Level: Segment, Enforcer: "webhook", Attempt: 2,
		At: at("2026-03-02T00:00:02Z"), Since: at("2026-03-02T00:00:01Z"), Until: at("2026-03-02T01:00:01Z"),
		By: "policy:CRD-0001", Reason: "cam-7 probed 40 hosts", Position: Position{"actions", 1, 4},
	}
	r, err := want.Record()
	if err != nil {
		t.Fatal(err)
	}
	r.Position = want.Position
	got, err := ActionOf(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ActionOf(Record()) differs (-want +got):\n%s", d)
	}
}

func TestDeviceAndRejectedRoundTrip(t *testing.T) {
	d := Device{ID: "cam-7", Since: at("2026-03-02T00:00:00Z"), Zone: "cctv", MACs: []string{"00:17:88:24:76:ff"}}
	r, err := d.Record()
	if err != nil {
		t.Fatal(err)
	}
	gotD, err := DeviceOf(r)
	if diff := cmp.Diff(d, gotD); err != nil || diff != "" {
		t.Errorf("DeviceOf(Record()) = %v (-want +got):\n%s", err, diff)
	}
	raw := Record{Position: Position{"raw.zeek", 0, 3}, Time: at("2026-03-02T00:00:00Z"), Key: "s", Value: []byte("\x00{")}
	j := NewRejected(raw, "ingest", "json.syntax", "offset 0: NUL", "zeek/1")
	if r, err = j.Record(); err != nil {
		t.Fatal(err)
	}
	gotJ, err := RejectedOf(r)
	if diff := cmp.Diff(j, gotJ); err != nil || diff != "" {
		t.Errorf("RejectedOf(Record()) = %v (-want +got):\n%s", err, diff)
	}
}

func TestRejectedCut(t *testing.T) {
	raw := Record{Position: Position{"raw.zeek", 0, 3}, Time: at("2026-03-02T00:00:00Z"), Key: "s", Value: []byte("0123456789")}
	whole := NewRejected(raw, "ingest", "json.syntax", "offset 0", "zeek/1")
	if d := cmp.Diff(whole, whole.Cut(10)); d != "" {
		t.Errorf("Cut(10) of 10 bytes differs (-whole +cut):\n%s", d)
	}
	want := whole
	want.Bytes, want.Size = []byte("0123"), 10
	want.SHA256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
	want.Detail = "offset 0 (kept: the first 4 of 10 bytes; all of them are at raw.zeek/0/3)"
	if d := cmp.Diff(want, whole.Cut(4)); d != "" {
		t.Errorf("Cut(4) differs (-want +got):\n%s", d)
	}
	raw.Key = strings.Repeat("k", 1<<20)
	r, err := NewRejected(raw, "ingest", "r", strings.Repeat("ü", 1<<20), "").Cut(4).Record()
	if err != nil || len(r.Key)+len(r.Value) > 8<<10 {
		t.Errorf("Cut(4) of a record with a long key and a long detail has %d bytes, %v; want at most 8 KiB", len(r.Key)+len(r.Value), err)
	}
	if j, err := RejectedOf(r); err != nil || j.ID != whole.ID {
		t.Errorf("the cut record has id %s, %v; want %s, that of the whole one", j.ID, err, whole.ID)
	}
}

func TestTopics(t *testing.T) {
	got := Topics{Prefix: "t."}.All()
	want := []string{"t.raw.zeek", "t.raw.eve", "t.raw.ocsf", "t.events", "t.rejected", "t.findings", "t.actions", "t.devices"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("All() differs (-want +got):\n%s", d)
	}
	if w := (Topics{Prefix: "t."}).Word("t.events"); w != "events" {
		t.Errorf("Word = %q; want events", w)
	}
}

func TestFormatTime(t *testing.T) {
	for _, in := range []string{
		"2026-03-02T00:00:00Z", "2026-12-31T23:59:59.999Z", "1970-01-01T00:00:00.0019Z", "2026-07-01T12:00:00.5+02:00",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.123456789Z",
	} {
		want := at(in).Format("2006-01-02T15:04:05.000Z")
		if got := formatTime(at(in)); got != want {
			t.Errorf("formatTime(%s) = %s; want %s", in, got, want)
		}
	}
}

func TestNewEventIDIsDerived(t *testing.T) {
	if got, want := NewEventID("/sensors/s-02", []byte("{}")), DeriveID("event", "/sensors/s-02", "{}"); string(got) != want {
		t.Errorf("NewEventID = %s; want %s", got, want)
	}
}
