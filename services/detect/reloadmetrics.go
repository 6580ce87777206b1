package detect

import "github.com/prometheus/client_golang/prometheus"

// reloadMetrics count what becomes of changed policies. nil counts nothing.
type reloadMetrics struct {
	changes *prometheus.CounterVec
	swaps   prometheus.Counter
	faulty  prometheus.Gauge
	offset  prometheus.Gauge
}

// newReloadMetrics registers the metrics at reg; the function that it returns
// takes them away.
func newReloadMetrics(reg prometheus.Registerer) (*reloadMetrics, func(), error) {
	if reg == nil {
		return nil, func() {}, nil
	}
	m := &reloadMetrics{
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cordon_detect_ruleset_changes_total",
			Help: "Changed sets of policies by what became of them: published; broken: does not compile or fails its tests; stale: was replaced since; unusable: stands in the log and does not compile here.",
		}, []string{"outcome"}),
		swaps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cordon_detect_ruleset_swaps_total", Help: "Times that a partition went on with another set of policies.",
		}),
		faulty: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cordon_detect_ruleset_broken", Help: "1 while the folder of policies holds a change that is not put in force because it is broken.",
		}),
		offset: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cordon_detect_ruleset_offset", Help: "Offset in the topic rulesets of the set of policies that is in force; the same in all processes.",
		}),
	}
	all := []prometheus.Collector{m.changes, m.swaps, m.faulty, m.offset}
	for _, outcome := range []string{"published", "broken", "stale", "unusable"} {
		m.changes.WithLabelValues(outcome)
	}
	for i, c := range all {
		if err := reg.Register(c); err != nil {
			for _, c := range all[:i] {
				reg.Unregister(c)
			}
			return nil, nil, err
		}
	}
	return m, func() {
		for _, c := range all {
			reg.Unregister(c)
		}
	}, nil
}

func (m *reloadMetrics) changed(outcome string) {
	if m != nil {
		m.changes.WithLabelValues(outcome).Inc()
	}
}

func (m *reloadMetrics) swapped() {
	if m != nil {
		m.swaps.Inc()
	}
}

func (m *reloadMetrics) broken(is bool) {
	if m == nil {
		return
	}
	m.faulty.Set(0)
	if is {
		m.faulty.Set(1)
	}
}

func (m *reloadMetrics) newest(offset int64) {
	if m != nil {
		m.offset.Set(float64(offset))
	}
}
