package detection

import (
	"context"
	"testing"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// BenchmarkFleet evaluates the fleet's events with all policies; one op is one
// event.
func BenchmarkFleet(b *testing.B) {
	tr := readZeek(b, nil, "fleet-replay", "fleet-dev-1.ndjson.zst")
	p := pack(b)
	counts := engine.NewCounts()
	e := engine.New(p, engine.Options{Counts: counts})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(tr.events) {
			i, e = 0, engine.New(p, engine.Options{Counts: counts})
		}
		if _, err := e.Evaluate(context.Background(), tr.events[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	var asked int64
	counts.Each(func(id string, n *engine.PolicyCounts) {
		asked += n.Candidates.Load() + n.Observed.Load()
		b.Logf("%s asked OPA %d times for findings, %d times to observe", id, n.Candidates.Load(), n.Observed.Load())
	})
	b.ReportMetric(float64(asked)/float64(b.N), "opa/op")
}
