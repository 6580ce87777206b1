package detection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// TestRestoreOnRealTraffic runs the policies over recordings, with the state
// written and restored into a new engine several times on the way: findings and
// state must be those of an engine that saw everything.
func TestRestoreOnRealTraffic(t *testing.T) {
	p := pack(t)
	for name, tr := range map[string]traffic{
		"fleet":            readZeek(t, nil, "fleet-replay", "fleet-dev-1.ndjson.zst"),
		"exercise network": exercise(t),
		"Suricata alerts":  alerts(t),
	} {
		t.Run(name, func(t *testing.T) {
			whole, want := evaluate(t, engine.New(p, engine.Options{}), tr.events)
			const parts = 7
			var e *engine.Engine
			var got []cordon.FindingID
			for i := range parts {
				next := engine.New(p, engine.Options{})
				if e != nil {
					if err := next.Restore(bytes.NewReader(state(t, e))); err != nil {
						t.Fatal(err)
					}
				}
				from, to := len(tr.events)*i/parts, len(tr.events)*(i+1)/parts
				var found []cordon.FindingID
				e, found = evaluate(t, next, tr.events[from:to])
				got = append(got, found...)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("findings (-whole +restored):\n%s", d)
			}
			a, b := state(t, whole), state(t, e)
			if sha256.Sum256(a) != sha256.Sum256(b) {
				t.Error("the state that was restored and folded on is not the one that was folded from the start")
			}
			t.Logf("%d events, %d findings, state of %d bytes", len(tr.events), len(want), len(a))
		})
	}
}

func state(t *testing.T, e *engine.Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func evaluate(t *testing.T, e *engine.Engine, events []cordon.Event) (*engine.Engine, []cordon.FindingID) {
	t.Helper()
	ids := []cordon.FindingID{}
	for _, ev := range events {
		found, err := e.Evaluate(context.Background(), ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			ids = append(ids, f.ID)
		}
	}
	return e, ids
}
