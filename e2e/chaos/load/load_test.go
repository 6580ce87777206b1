package load_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cordon-iot/cordon/e2e/chaos/check"
	"github.com/cordon-iot/cordon/e2e/chaos/load"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// all are the records of a load.
func all(events int, seed uint64) []load.Record {
	var out []load.Record
	l := load.New(events, seed)
	for r, ok := l.Next(); ok; r, ok = l.Next() {
		out = append(out, r)
	}
	return out
}

func TestLoad(t *testing.T) {
	const events = 6000
	recs := all(events, 7)
	if len(recs) != events {
		t.Fatalf("%d records; want %d", len(recs), events)
	}
	last := map[string]check.Mark{}
	garbage, quarantines := 0, map[string]int{}
	for i, r := range recs {
		m := load.MarkOf(r.Value)
		if m == 0 {
			garbage++
			continue
		}
		if m <= last[r.Key] {
			t.Fatalf("record %d of %s is marked %d after %d; want more", i, r.Key, m, last[r.Key])
		}
		last[r.Key] = m
		if bytes.Contains(r.Value, []byte(`"id.resp_p":23,`)) {
			quarantines[r.Key]++
		}
	}
	if garbage < events/200 || garbage > events/50 {
		t.Errorf("%d records are garbage; want about one in a hundred", garbage)
	}
	for _, d := range load.New(events, 7).Inventory() {
		if n := quarantines[string(d.ID)]; n != 1 {
			t.Errorf("%s asks for %d quarantines; want 1", d.ID, n)
		}
	}
}

func TestFedTellsAllRecordsApart(t *testing.T) {
	const events = 6000
	fed := load.Fed(events, 7)
	seen := map[check.Fed]bool{}
	for i, f := range fed {
		if f == 0 || seen[f] {
			t.Fatalf("record %d is marked %d; want a number that no other has", i, f)
		}
		seen[f] = true
	}
	if len(fed) != events {
		t.Errorf("%d records; want %d", len(fed), events)
	}
	if f := load.FedOf([]byte(`{"broken":`)); f != 0 {
		t.Errorf("FedOf(other) = %d; want 0", f)
	}
}

func TestLoadFollowsFromSeed(t *testing.T) {
	if one, same := text(3), text(3); one != same {
		t.Errorf("two loads of one seed are\n%.500s and\n%.500s; want the same", one, same)
	}
	if text(3) == text(4) {
		t.Error("loads of two seeds are the same")
	}
}

// text is a load in one piece.
func text(seed uint64) string { return fmt.Sprintf("%s", all(500, seed)) }

func TestPoliciesLoad(t *testing.T) {
	dir := t.TempDir()
	if err := load.WritePolicies(dir); err != nil {
		t.Fatal(err)
	}
	pack, err := engine.Load(context.Background(), os.DirFS(dir), engine.LoadOptions{})
	if err != nil || len(pack.Policies) != len(load.Policies()) {
		t.Errorf("Load = %+v, %v; want all policies", pack, err)
	}
}
