package history

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what was written. A nil *metrics counts nothing.
type metrics struct {
	rows    *prometheus.CounterVec // by table
	bytes   *prometheus.CounterVec // by table
	refusal *prometheus.CounterVec // by table, reason

	twice  *prometheus.GaugeVec   // by table
	absent *prometheus.GaugeVec   // by topic, partition
	failed *prometheus.CounterVec // by table
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "cordon", Subsystem: "history", Name: name, Help: help}, labels)
	}
	m := &metrics{
		rows:    counter("rows_total", "Rows that ClickHouse acknowledged; those of repeated inserts count again.", "table"),
		bytes:   counter("bytes_total", "Bytes sent in inserts that ClickHouse acknowledged.", "table"),
		refusal: counter("refused_total", "Records that could not be read and went to the table rejected.", "table", "reason"),
	}
	m.failed = counter("check_failures_total", "Looks for duplicates and gaps that failed.", "table")
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "cordon", Subsystem: "history", Name: name, Help: help}, labels)
	}
	m.twice = gauge("duplicate_rows", "Rows of today and yesterday beyond one for each record; must be 0.", "table")
	m.absent = gauge("missing_rows", "Records of today and yesterday without a row; must be 0. Replicated tables are not looked at.", "topic", "partition")
	reg.MustRegister(m.rows, m.bytes, m.refusal, m.failed, m.twice, m.absent)
	return m
}

func (m *metrics) inserted(table string, rows, bytes int) {
	if m == nil {
		return
	}
	m.rows.WithLabelValues(table).Add(float64(rows))
	m.bytes.WithLabelValues(table).Add(float64(bytes))
}

func (m *metrics) refused(table, reason string) {
	if m != nil {
		m.refusal.WithLabelValues(table, reason).Inc()
	}
}

func (m *metrics) duplicates(table string, n uint64) {
	if m != nil {
		m.twice.WithLabelValues(table).Set(float64(n))
	}
}

func (m *metrics) missing(topic string, partition, n int) {
	if m != nil {
		m.absent.WithLabelValues(topic, strconv.Itoa(partition)).Set(float64(n))
	}
}

func (m *metrics) checkFailed(table string) {
	if m != nil {
		m.failed.WithLabelValues(table).Inc()
	}
}
