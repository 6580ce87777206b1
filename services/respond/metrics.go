package respond

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
)

// metrics of one responder. A nil *metrics counts nothing.
type metrics struct {
	findings *prometheus.CounterVec   // by answer
	steps    *prometheus.CounterVec   // by state; ignored ones under "ignored"
	attempts *prometheus.HistogramVec // by step, result
	open     prometheus.Gauge
	answer   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	const ns, sub = "cordon", "respond"
	buckets := prometheus.ExponentialBuckets(0.001, 2.5, 12) // 1 ms .. 24 s
	m := &metrics{
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "findings_total",
			Help: "Findings read, by what was made of them."}, []string{"answer"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "steps_total",
			Help: "Steps of actions read back from the log, by state; those that changed nothing count as ignored, those that could not be read as unreadable."}, []string{"state"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub, Name: "attempt_seconds",
			Help: "Attempts at an enforcer, by the step that they carry out and by result.", Buckets: buckets}, []string{"step", "result"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "open_actions",
			Help: "Actions that hold a device, in the partitions held."}),
		answer: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub, Name: "applied_seconds",
			Help: "Time from the decision to the acknowledged quarantine.", Buckets: buckets}),
	}
	reg.MustRegister(m.findings, m.steps, m.attempts, m.open, m.answer)
	return m
}

func (m *metrics) finding(a Answer) {
	if m != nil {
		m.findings.WithLabelValues(string(a)).Inc()
	}
}

// folded counts a, read back from the log, and the actions that it opened or,
// below zero, closed. Replayed steps count too: they were read.
func (m *metrics) folded(a cordon.Action, counts bool, opened int) {
	switch {
	case m == nil:
	case !counts:
		m.steps.WithLabelValues("ignored").Inc()
	default:
		m.steps.WithLabelValues(string(a.State)).Inc()
		m.open.Add(float64(opened))
	}
}

func (m *metrics) unreadable() {
	if m != nil {
		m.steps.WithLabelValues("unreadable").Inc()
	}
}

// closed forgets the open actions of a partition that was taken away.
func (m *metrics) closed(n int) {
	if m != nil {
		m.open.Sub(float64(n))
	}
}

// appliedIn measures a step that was just taken.
func (m *metrics) appliedIn(d time.Duration) {
	if m != nil {
		m.answer.Observe(d.Seconds())
	}
}

func (m *metrics) attempt(step cordon.ActionState, result string, took time.Duration) {
	if m != nil {
		m.attempts.WithLabelValues(string(step), result).Observe(took.Seconds())
	}
}

// failureLabel is the result of an attempt as a label.
func failureLabel(err error) string {
	if err == nil {
		return "acknowledged"
	}
	switch f := failureOf(err); {
	case f.Permanent:
		return "refused"
	case f.Untouched:
		return "untouched"
	}
	return "unknown"
}
