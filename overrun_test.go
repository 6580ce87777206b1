package cordon

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOverrunRoundTrip(t *testing.T) {
	want := Overrun{
		Policy: PolicyRef{ID: "CRD-0001", Package: "policies.a.b", Title: "T", Digest: "d1"}, Rule: "findings",
		Device: "d", Cause: "e", CauseAt: Position{Topic: "events", Partition: 2, Offset: 7},
		Time: time.Date(2026, 3, 1, 1, 2, 3, 4e6, time.UTC), Budget: 5 * time.Second, Disables: true,
	}
	r, err := want.Record()
	if err != nil {
		t.Fatal(err)
	}
	got, err := OverrunOf(r)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("OverrunOf(Record()) = %v (-want +got):\n%s", err, d)
	}
	if in, ok := r.Input(); !ok || in != want.CauseAt || r.Key != "d" {
		t.Errorf("record has input %v and key %q; want %v and d", in, r.Key, want.CauseAt)
	}
	other := want
	other.Rule = "observe w"
	if o, err := other.Record(); err != nil || o.Header(HeaderID) == r.Header(HeaderID) {
		t.Errorf("overruns of two rules on one event have the id %s", r.Header(HeaderID))
	}
	for _, bad := range []string{`{`, `{"cause_at":"events"}`} {
		if _, err := OverrunOf(Record{Value: []byte(bad)}); err == nil {
			t.Errorf("OverrunOf(%s) = nil; want an error", bad)
		}
	}
}
