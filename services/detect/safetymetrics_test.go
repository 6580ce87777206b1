package detect

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Each reading of this clock is a millisecond after the one before, and each
// evaluation by OPA reads it twice.
func TestSafetyMetrics(t *testing.T) {
	pack, err := engine.Load(t.Context(), countingFiles(), engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	counts, clock := engine.NewCounts(), time.UnixMilli(0)
	e := engine.New(pack, engine.Options{Counts: counts, Audit: 1, Watchdog: (&slowMachine{slow: map[int]bool{2: true, 3: true, 4: true}}).watchdog, Now: func() time.Time {
		clock = clock.Add(time.Millisecond)
		return clock
	}})
	for i := range 8 {
		ev := counted(i, false)
		ev.Time = time.UnixMilli(int64(i))
		ev.Position = cordon.Position{Topic: "events", Offset: int64(i)}
		if _, err := e.Evaluate(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	want := `
# HELP cordon_detect_audit_mismatches_total Of these, those of which OPA said otherwise; must be 0. From then on OPA decides them.
# TYPE cordon_detect_audit_mismatches_total counter
cordon_detect_audit_mismatches_total{policy="CRD-0001"} 0
# HELP cordon_detect_disabled Partitions in which a policy is disabled, because it took too long too often; must be 0.
# TYPE cordon_detect_disabled gauge
cordon_detect_disabled{policy="CRD-0001"} 1
# HELP cordon_detect_opa_share Share of a policy in the time that OPA took for all.
# TYPE cordon_detect_opa_share gauge
cordon_detect_opa_share{policy="CRD-0001"} 1
`
	c := newCollector(func() *engine.Pack { return pack }, counts)
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "cordon_detect_audit_mismatches_total", "cordon_detect_disabled", "cordon_detect_opa_share"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(c, "cordon_detect_opa_seconds", "cordon_detect_audited_total"); n != 2 {
		t.Errorf("%d metrics of cost and audits; want 2", n)
	}
}
