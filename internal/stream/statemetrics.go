package stream

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stateMetrics are those of restoring state. A nil *stateMetrics counts nothing.
type stateMetrics struct {
	remaining *prometheus.GaugeVec     // by group, topic, partition
	snapshots *prometheus.CounterVec   // by group, outcome
	bytes     *prometheus.GaugeVec     // by group, topic, partition
	pause     *prometheus.HistogramVec // by group
	stuck     *prometheus.GaugeVec     // by group, topic, partition
}

func newStateMetrics(reg prometheus.Registerer) *stateMetrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "cordon", Subsystem: "stream", Name: name, Help: help}, []string{"group", "topic", "partition"}))
	}
	return &stateMetrics{
		remaining: gauge("restore_remaining_records", "Records that are still to be read before a partition that was assigned is worked on."),
		bytes:     gauge("snapshot_bytes", "Size of the last snapshot of a partition's state."),
		stuck:     gauge("step_stuck", "1 while a step has not returned from one record for long."),
		snapshots: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "cordon", Subsystem: "stream", Name: "snapshots_total",
			Help: "Snapshots of state, by what became of them: written, failed, too_large, restored, none, unusable."}, []string{"group", "outcome"})),
		pause: register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "cordon", Subsystem: "stream", Name: "snapshot_seconds",
			Help: "Time that a partition stood still for a snapshot of its state.", Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12)}, []string{"group"})),
	}
}

func (m *stateMetrics) restoring(group, topic string, partition int, left int64) {
	if m != nil {
		m.remaining.WithLabelValues(group, topic, strconv.Itoa(partition)).Set(float64(left))
	}
}

func (m *stateMetrics) snapshot(group, outcome string) {
	if m != nil {
		m.snapshots.WithLabelValues(group, outcome).Inc()
	}
}

func (m *stateMetrics) sized(group, topic string, partition int, n int64) {
	if m != nil {
		m.bytes.WithLabelValues(group, topic, strconv.Itoa(partition)).Set(float64(n))
	}
}

func (m *stateMetrics) paused(group string, d time.Duration) {
	if m != nil {
		m.pause.WithLabelValues(group).Observe(d.Seconds())
	}
}

func (m *stateMetrics) hangs(group, topic string, partition int, is bool) {
	if m == nil {
		return
	}
	v := 0.0
	if is {
		v = 1
	}
	m.stuck.WithLabelValues(group, topic, strconv.Itoa(partition)).Set(v)
}

// released forgets a partition that somebody else has now.
func (m *stateMetrics) released(group, topic string, partition int) {
	if m == nil {
		return
	}
	for _, g := range []*prometheus.GaugeVec{m.remaining, m.bytes, m.stuck} {
		g.DeleteLabelValues(group, topic, strconv.Itoa(partition))
	}
}

// states are the metrics of restoring state.
func (m *Metrics) states() *stateMetrics {
	if m == nil {
		return nil
	}
	return m.state
}
