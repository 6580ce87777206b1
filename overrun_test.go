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
	r, err := Change{Kind: OverrunChange, Partition: 2, Offset: 7, Overrun: &want}.Record("k")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ChangeOf(r)
	if d := cmp.Diff(&want, got.Overrun); err != nil || d != "" {
		t.Errorf("ChangeOf(Record()) = %v (-want +got):\n%s", err, d)
	}
	if typ := r.Header(HeaderType); typ != "cordon.change.overrun" {
		t.Errorf("type = %q; want cordon.change.overrun", typ)
	}
	for _, bad := range []string{`{"overrun":{"cause_at":"events"}}`, `{"overrun":{"time":"x"}}`} {
		if _, err := ChangeOf(Record{Value: []byte(bad)}); err == nil {
			t.Errorf("ChangeOf(%s) = nil; want an error", bad)
		}
	}
}
