package detect

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// collector exposes the counters of policies. A label is a policy or a window,
// never a device.
type collector struct {
	counts *engine.Counts
	pack   func() *engine.Pack // in force

	events, candidates, observed, findings, suppressed, forgotten *prometheus.Desc
	failures, late, evicted, again, loaded, leftOut               *prometheus.Desc
	disabled, audited, mismatches, cost, share                    *prometheus.Desc
}

func newCollector(pack func() *engine.Pack, counts *engine.Counts) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("cordon_detect_"+name, help, labels, nil)
	}
	return &collector{
		counts: counts, pack: pack,
		events:     desc("evaluations_total", "Events that a policy was asked about.", "policy"),
		candidates: desc("candidates_total", "Of these, events whose conditions only OPA could decide.", "policy"),
		observed:   desc("observe_total", "Events for which OPA had to decide an observe rule.", "policy"),
		findings:   desc("findings_total", "Findings of a policy.", "policy"),
		suppressed: desc("suppressed_total", "Matches that were not repeated within the policy's suppress time.", "policy"),
		forgotten:  desc("suppress_evicted_total", "Devices and keys of which suppress forgot that they matched, because there were too many.", "policy"),
		failures:   desc("failures_total", "Evaluations on which a policy was silent, and builtins that were undefined, because of an error.", "policy", "kind"),
		late:       desc("window_late_total", "Events too old for a window.", "policy", "window"),
		evicted:    desc("window_evicted_total", "Keys that a window forgot because there were too many.", "policy", "window"),
		again:      desc("duplicate_events_total", "Events that had been delivered before; they count once."),
		loaded:     desc("policies", "Policies in force."),
		leftOut:    desc("policy_problems", "Problems in the folder of policies; what has one is not in force."),
		disabled:   desc("disabled", "Partitions in which a policy is disabled, because it took too long too often; must be 0.", "policy"),
		audited:    desc("audited_total", "Rules that OPA was asked about although they are decided without it, of all policies."),
		mismatches: desc("audit_mismatches_total", "Of these, those of which OPA said otherwise; must be 0. From then on OPA decides them.", "policy"),
		cost:       desc("opa_seconds", "What evaluations of a policy by OPA took, to within a quarter.", "policy"),
		share:      desc("opa_share", "Share of a policy in the time that OPA took for all.", "policy"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.events, c.candidates, c.observed, c.findings, c.suppressed,
		c.forgotten, c.failures, c.late, c.evicted, c.again, c.loaded, c.leftOut,
		c.disabled, c.audited, c.mismatches, c.cost, c.share,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n *atomic.Int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n.Load()), labels...)
	}
	counter(c.again, &c.counts.Duplicates)
	c.counts.Each(func(id string, n *engine.PolicyCounts) {
		counter(c.events, &c.counts.Events, id)
		counter(c.candidates, &n.Candidates, id)
		counter(c.observed, &n.Observed, id)
		counter(c.findings, &n.Findings, id)
		counter(c.suppressed, &n.Suppressed, id)
		counter(c.forgotten, &n.Forgotten, id)
		counter(c.failures, &n.Errors, id, "error")
		counter(c.failures, &n.Timeouts, id, "timeout")
		counter(c.failures, &n.Builtins, id, "builtin")
		for name, w := range n.Windows {
			counter(c.late, &w.Late, id, name)
			counter(c.evicted, &w.Evicted, id, name)
		}
	})
	c.collectSafety(ch)
	pack := c.pack()
	ch <- prometheus.MustNewConstMetric(c.loaded, prometheus.GaugeValue, float64(len(pack.Policies)))
	ch <- prometheus.MustNewConstMetric(c.leftOut, prometheus.GaugeValue, float64(len(pack.Problems)))
}
