package stream

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/wkafka"
)

// Metrics counts what goes through the steps and sinks of one process. A nil
// *Metrics counts nothing.
type Metrics struct {
	now        func() time.Time
	in         *prometheus.CounterVec // by group, topic
	out        *prometheus.CounterVec // by group, topic
	rejected   *prometheus.CounterVec // by group, reason
	skipped    *prometheus.CounterVec // by group, topic
	lag        *prometheus.GaugeVec   // by group, topic, partition
	retries    *prometheus.CounterVec // by group, what
	rebalances *prometheus.CounterVec // by group
	partitions *prometheus.GaugeVec   // by group
	append     prometheus.Histogram
	insert     *prometheus.HistogramVec // by group
	readBacks  *prometheus.CounterVec   // by group, found
	state      *stateMetrics
	log        *logMetrics
}

// NewMetrics registers the metrics of this package with reg; it may be called
// again with the same. now is the clock for latencies.
func NewMetrics(reg prometheus.Registerer, now func() time.Time) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "cordon", Subsystem: "stream", Name: name, Help: help}, labels))
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "cordon", Subsystem: "stream", Name: name, Help: help}, labels))
	}
	latency := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Namespace: "cordon", Subsystem: "stream", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12)}
	}
	m := &Metrics{
		now:        now,
		in:         counter("records_in_total", "Records read and done with: their results are durable.", "group", "topic"),
		out:        counter("records_out_total", "Records appended.", "group", "topic"),
		rejected:   counter("records_rejected_total", "Records refused, by reason.", "group", "reason"),
		skipped:    counter("records_skipped_total", "Records not appended again after a crash, because they were in the log.", "group", "topic"),
		lag:        gauge("lag_records", "Records of a partition that are not done with.", "group", "topic", "partition"),
		retries:    counter("retries_total", "Attempts after the first, by what was tried.", "group", "what"),
		rebalances: counter("generations_total", "Generations of the consumer group that this process took part in.", "group"),
		partitions: gauge("partitions", "Partitions held.", "group"),
		readBacks:  counter("read_backs_total", "Batches that a sink was asked for because the end of an insert was not known, by what it had of them: all, some or none; unknown: it could not be asked any more.", "group", "found"),
		state:      newStateMetrics(reg),
		log:        newLogMetrics(reg, now),
		append:     register(reg, prometheus.NewHistogram(latency("append_seconds", "Time until a batch was acknowledged by all in-sync replicas."))),
		insert:     register(reg, prometheus.NewHistogramVec(latency("insert_seconds", "Time until a sink had taken a batch."), []string{"group"})),
	}
	return m
}

// register returns c, or what is registered in its place: several services of
// one process share their metrics.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	var there prometheus.AlreadyRegisteredError
	if err := reg.Register(c); errors.As(err, &there) {
		if old, ok := there.ExistingCollector.(C); ok {
			return old
		}
	}
	return c
}

// clock is the time for latencies; the zero time when nothing is measured.
func (m *Metrics) clock() time.Time {
	if m == nil || m.now == nil {
		return time.Time{}
	}
	return m.now()
}

// hooks are m's ears in wkafka, for a group or, with "", for a publisher.
func (m *Metrics) hooks(group string) wkafka.Hooks {
	if m == nil {
		return wkafka.Hooks{}
	}
	h := wkafka.Hooks{
		Assigned: func(n int) {
			m.rebalances.WithLabelValues(group).Inc()
			m.partitions.WithLabelValues(group).Set(float64(n))
		},
		Retried:  func(what string) { m.retries.WithLabelValues(group, what).Inc() },
		Produced: func(d time.Duration) { m.append.Observe(d.Seconds()) },
	}
	if group == "" {
		m.log.publisher(&h)
	} else {
		m.log.group(&h, group)
	}
	return h
}

// done counts the records of d and sets the lag of its partition.
func (m *Metrics) done(group string, d *wkafka.Delivery) {
	m.drained(group, d.Claim.Topic, d.Claim.Partition, len(d.Batch.Records), d.Batch.HighWater-d.Batch.Last()-1, d.Batch.Records[0].Time)
}

// drained counts records that are done with; oldest is when the log took the
// first of them.
func (m *Metrics) drained(group, topic string, partition, records int, lag int64, oldest time.Time) {
	if m == nil {
		return
	}
	m.in.WithLabelValues(group, topic).Add(float64(records))
	m.lag.WithLabelValues(group, topic, strconv.Itoa(partition)).Set(float64(max(lag, 0)))
	m.log.commits.done(place{group, topic, partition}, lag)
	if m.now != nil {
		m.log.age.WithLabelValues(group, topic).Observe(m.now().Sub(oldest).Seconds())
	}
}

// released forgets the lag of a partition that somebody else reads now.
func (m *Metrics) released(group, topic string, partition int) {
	if m != nil {
		m.lag.DeleteLabelValues(group, topic, strconv.Itoa(partition))
		m.log.commits.released(place{group, topic, partition})
	}
}

func (m *Metrics) appended(group, topic string, n int) {
	if m != nil {
		m.out.WithLabelValues(group, topic).Add(float64(n))
	}
}

func (m *Metrics) reject(group, reason string) {
	if m != nil {
		m.rejected.WithLabelValues(group, reason).Inc()
	}
}

func (m *Metrics) skip(group, topic string) {
	if m != nil {
		m.skipped.WithLabelValues(group, topic).Inc()
	}
}

func (m *Metrics) retry(group, what string) {
	if m != nil {
		m.retries.WithLabelValues(group, what).Inc()
	}
}

func (m *Metrics) inserted(group string, d time.Duration) {
	if m != nil && m.now != nil {
		m.insert.WithLabelValues(group).Observe(d.Seconds())
	}
}

// readBack counts a batch of n records that was looked for, missing of them in
// vain; -1: it could not be looked for.
func (m *Metrics) readBack(group string, missing, n int) {
	if m == nil {
		return
	}
	found := "some"
	switch missing {
	case 0:
		found = "all"
	case n:
		found = "none"
	case -1:
		found = "unknown"
	}
	m.readBacks.WithLabelValues(group, found).Inc()
}
