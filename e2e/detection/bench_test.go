package detection

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// cpu is the time that this process has spent on a processor: what other
// processes do does not count.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFleet evaluates the fleet's events with all policies; one op is one
// event. plain is OPA alone.
func BenchmarkFleet(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(map[bool]string{false: "native", true: "plain"}[plain], func(b *testing.B) { benchFleet(b, plain) })
	}
}

func benchFleet(b *testing.B, plain bool) {
	tr := readZeek(b, nil, "fleet-replay", "fleet-dev-1.ndjson.zst")
	p := pack(b)
	counts := engine.NewCounts()
	e := engine.New(p, engine.Options{Counts: counts, Plain: plain})
	b.ReportAllocs()
	before := cpu(b)
	i := 0
	for b.Loop() {
		if i == len(tr.events) {
			i, e = 0, engine.New(p, engine.Options{Counts: counts, Plain: plain})
		}
		if _, err := e.Evaluate(context.Background(), tr.events[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
	var asked int64
	counts.Each(func(id string, n *engine.PolicyCounts) {
		asked += n.Candidates.Load() + n.Observed.Load()
		if c, o := n.Candidates.Load(), n.Observed.Load(); c+o > 0 {
			b.Logf("%s asked OPA %d times for findings, %d times to observe", id, c, o)
		}
	})
	b.ReportMetric(float64(asked)/float64(b.N), "opa/op")
}
