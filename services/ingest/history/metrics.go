package history

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what was written. A nil *metrics counts nothing.
type metrics struct {
	rows    *prometheus.CounterVec // by table
	bytes   *prometheus.CounterVec // by table
	refusal *prometheus.CounterVec // by table, reason
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
	reg.MustRegister(m.rows, m.bytes, m.refusal)
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
