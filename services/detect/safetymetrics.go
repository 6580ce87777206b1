package detect

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// collectSafety exposes what policies cost and which of them cannot be relied
// on.
func (c *collector) collectSafety(ch chan<- prometheus.Metric) {
	var all time.Duration
	var audited int64
	c.counts.Each(func(_ string, n *engine.PolicyCounts) {
		sum, _ := n.Cost.Sum()
		all += sum
		audited += n.Audited.Load()
	})
	ch <- prometheus.MustNewConstMetric(c.audited, prometheus.CounterValue, float64(audited))
	c.counts.Each(func(id string, n *engine.PolicyCounts) {
		ch <- prometheus.MustNewConstMetric(c.disabled, prometheus.GaugeValue, float64(n.Disabled.Load()), id)
		ch <- prometheus.MustNewConstMetric(c.mismatches, prometheus.CounterValue, float64(n.Mismatches.Load()), id)
		c.collectCost(ch, id, &n.Cost, all)
	})
}

// collectCost exposes what one policy cost, all of which took all.
func (c *collector) collectCost(ch chan<- prometheus.Metric, id string, cost *engine.Cost, all time.Duration) {
	sum, n := cost.Sum()
	if n == 0 {
		return // most policies of most sites: OPA has never been asked
	}
	ch <- prometheus.MustNewConstSummary(c.cost, uint64(n), sum.Seconds(), map[float64]float64{
		0.5: cost.Quantile(0.5).Seconds(), 0.99: cost.Quantile(0.99).Seconds(),
	}, id)
	if all > 0 {
		ch <- prometheus.MustNewConstMetric(c.share, prometheus.GaugeValue, sum.Seconds()/all.Seconds(), id)
	}
}
