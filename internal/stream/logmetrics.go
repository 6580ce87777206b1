package stream

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon/wkafka"
)

// logMetrics are those of the log itself: groups and publishers.
type logMetrics struct {
	revoked     *prometheus.CounterVec   // by group
	lost        *prometheus.CounterVec   // by group
	rebalance   *prometheus.HistogramVec // by group
	passedOver  *prometheus.CounterVec   // by group
	stalls      *prometheus.CounterVec   // by group
	failed      *prometheus.CounterVec   // by group, topic, reason
	deadLetters *prometheus.CounterVec   // by group, topic, reason
	unparked    *prometheus.CounterVec   // by group, topic
	age         *prometheus.HistogramVec // by group, topic
	commits     *commitAges

	bytes         prometheus.Counter
	queued        prometheus.Gauge
	queuedBytes   prometheus.Gauge
	appendLookups *prometheus.CounterVec // by found
	unknown       prometheus.Counter
}

func newLogMetrics(reg prometheus.Registerer, now func() time.Time) *logMetrics {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "cordon", Subsystem: "stream", Name: name, Help: help}
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(reg, prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), labels))
	}
	one := func(name, help string) prometheus.Counter {
		return register(reg, prometheus.NewCounter(prometheus.CounterOpts(opts(name, help))))
	}
	gauge := func(name, help string) prometheus.Gauge {
		return register(reg, prometheus.NewGauge(prometheus.GaugeOpts(opts(name, help))))
	}
	seconds := func(name, help string, from float64, labels ...string) *prometheus.HistogramVec {
		return register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "cordon", Subsystem: "stream", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(from, 3, 12),
		}, labels))
	}
	return &logMetrics{
		revoked:     counter("partitions_revoked_total", "Partitions given up for another member of the group.", "group"),
		lost:        counter("partitions_lost_total", "Partitions lost with the session: the group heard nothing from this process.", "group"),
		rebalance:   seconds("rebalance_seconds", "Time until a new generation of the group had begun; partitions that stay go on meanwhile.", 0.001, "group"),
		passedOver:  counter("records_lost_total", "Records that were removed from the log before they were read, and passed over.", "group"),
		stalls:      counter("stalls_total", "Times that there were records and nothing moved for long.", "group"),
		failed:      counter("deliveries_failed_total", "Deliveries that ended without acknowledgement, by reason.", "group", "topic", "reason"),
		deadLetters: counter("dead_letters_total", "Records put among the dead letters, by reason.", "group", "topic", "reason"),
		unparked:    counter("dead_letters_failed_total", "Records that should be among the dead letters and could not be put there.", "group", "topic"),
		age:         seconds("record_age_seconds", "Age of the oldest record of a batch when it was done with, since the log took it.", 0.005, "group", "topic"),
		commits:     register(reg, newCommitAges(now)),

		bytes:         one("append_bytes_total", "Bytes of appended batches on the wire."),
		queued:        gauge("append_queue_records", "Records that wait to be appended."),
		queuedBytes:   gauge("append_queue_bytes", "Bytes of records that wait to be appended."),
		appendLookups: counter("append_read_backs_total", "Batches looked for in the log because the answer to an append was lost, by whether they were there.", "found"),
		unknown:       one("append_unknown_total", "Records of which it was not known in the end whether they had been appended."),
	}
}

// group adds to h what a consumer group tells.
func (l *logMetrics) group(h *wkafka.Hooks, group string) {
	h.Revoked = func(n int) { l.revoked.WithLabelValues(group).Add(float64(n)) }
	h.Expelled = func(n int) { l.lost.WithLabelValues(group).Add(float64(n)) }
	h.Rebalanced = func(d time.Duration) { l.rebalance.WithLabelValues(group).Observe(d.Seconds()) }
	h.Lost = func(n int64) { l.passedOver.WithLabelValues(group).Add(float64(n)) }
	h.Stalled = func(wkafka.Stall) { l.stalls.WithLabelValues(group).Inc() }
	h.Failed = func(topic string, _ int, reason string) { l.failed.WithLabelValues(group, topic, reason).Inc() }
	h.Parked = func(topic string, _ int, reason string) { l.deadLetters.WithLabelValues(group, topic, reason).Inc() }
	h.Exhausted = func(topic string, _ int) { l.unparked.WithLabelValues(group, topic).Inc() }
}

// publisher adds to h what a publisher tells. Several publishers of a process
// share the gauges of what waits.
func (l *logMetrics) publisher(h *wkafka.Hooks) {
	var records, bytes atomic.Int64
	h.Batched = func(_, n int) { l.bytes.Add(float64(n)) }
	h.Queued = func(r, b int) {
		l.queued.Add(float64(int64(r) - records.Swap(int64(r))))
		l.queuedBytes.Add(float64(int64(b) - bytes.Swap(int64(b))))
	}
	h.ReadBack = func(found bool) { l.appendLookups.WithLabelValues(strconv.FormatBool(found)).Inc() }
	h.Unknown = func(n int) { l.unknown.Add(float64(n)) }
}

// commitAges tell, when they are asked for, how long ago something of each
// partition that is behind was done with. A nil clock gives none.
type commitAges struct {
	now  func() time.Time
	desc *prometheus.Desc

	mu   sync.Mutex
	held map[place]doneAt
}

type place struct {
	group, topic string
	partition    int
}

type doneAt struct {
	at  time.Time
	lag int64
}

func newCommitAges(now func() time.Time) *commitAges {
	return &commitAges{
		now: now, held: map[place]doneAt{},
		desc: prometheus.NewDesc("cordon_stream_commit_age_seconds",
			"Time since records of a partition were last done with; 0 when there were none left then.", []string{"group", "topic", "partition"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *commitAges) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements prometheus.Collector.
func (c *commitAges) Collect(to chan<- prometheus.Metric) {
	if c.now == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for p, at := range c.held {
		age := 0.0
		if at.lag > 0 {
			age = now.Sub(at.at).Seconds()
		}
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, age, p.group, p.topic, strconv.Itoa(p.partition))
	}
}

func (c *commitAges) done(p place, lag int64) {
	if c.now == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[p] = doneAt{c.now(), lag}
}

func (c *commitAges) released(p place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, p)
}
