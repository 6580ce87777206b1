package detect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/check"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// recorded is the events that the policies find something in, one after the
// other as a log has them, some of them delivered twice.
func recorded(t *testing.T) []cordon.Event {
	t.Helper()
	dir, fsys := policyFolder()
	names, err := fs.Glob(fsys, "*/*/"+check.HitFolder+"/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatalf("fixtures below %s: %d, %v", dir, len(names), err)
	}
	var out []cordon.Event
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		events, err := check.Events(text)
		if err != nil {
			t.Fatal(err)
		}
		for i, ev := range events {
			if out = append(out, ev); i%17 == 3 {
				out = append(out, out[len(out)-1-i%5])
			}
		}
	}
	for i := range out {
		out[i].Position = cordon.Position{Topic: "events", Offset: int64(i)}
	}
	return out
}

// The memory of these engines is small, so that much is forgotten on the way.
func small() engine.Options { return engine.Options{MostKeys: 40, Recent: 64} }

// findings are those of e in events, whole, one line each.
func findings(t *testing.T, e *engine.Engine, events []cordon.Event) []string {
	t.Helper()
	var out []string
	for _, ev := range events {
		found, err := e.Evaluate(context.Background(), ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out = append(out, fmt.Sprintf("%d %+v", ev.Position.Offset, f))
		}
	}
	return out
}

func snapshot(t *testing.T, e *engine.Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRestartAtEveryOffset: whichever event a process ends behind, the one that
// goes on from its snapshot finds what one process would have found, and ends
// with the same state.
func TestRestartAtEveryOffset(t *testing.T) {
	p, events := loadPolicies(t), recorded(t)
	whole := engine.New(p, small())
	want := findings(t, whole, events)
	end := snapshot(t, whole)
	if len(events) < 300 || len(want) < 20 {
		t.Fatalf("%d events, %d findings; want a few hundred events that find a lot", len(events), len(want))
	}
	first := engine.New(p, small())
	var before []string
	for cut := range events {
		second := engine.New(p, small())
		if err := second.Restore(bytes.NewReader(snapshot(t, first))); err != nil {
			t.Fatalf("Restore of the state before offset %d = %v", cut, err)
		}
		if cut%stride() == 0 {
			got := slices.Concat(before, findings(t, second, events[cut:]))
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("findings with a restart before offset %d (-want +got):\n%s", cut, d)
			}
			if !bytes.Equal(end, snapshot(t, second)) {
				t.Fatalf("with a restart before offset %d the state in the end is another", cut)
			}
		}
		before = append(before, findings(t, first, events[cut:cut+1])...)
	}
	t.Logf("%d restarts, %d findings, %d bytes of state", len(events)/stride(), len(want), len(end))
}

// TestReplays: two replays give the same findings and the same state.
func TestReplays(t *testing.T) {
	digest := func() [sha256.Size]byte {
		e := engine.New(loadPolicies(t), small())
		return sha256.Sum256(append([]byte(fmt.Sprint(findings(t, e, recorded(t)))), snapshot(t, e)...))
	}
	if a, b := digest(), digest(); a != b {
		t.Errorf("digests of two replays = %x, %x; want one", a, b)
	}
}
