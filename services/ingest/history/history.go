package history

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// Group is the consumer group of history, after the topics' prefix.
const Group = "cordon.history"

// Options say what Run reads and where it writes.
type Options struct {
	Kafka  wkafka.Config
	Topics cordon.Topics
	Group  string // consumer group; "" is the topic prefix and Group

	// DSN is the address of ClickHouse with database and user, such as
	// "http://cordon_writer@clickhouse:8123/cordon". The user needs to insert,
	// and to read topic, kafka_partition and kafka_offset, nothing else.
	DSN      string
	Password string // of that user, where it is not in DSN

	MaxRecords int           // of one insert; 0: 20,000
	MaxWait    time.Duration // for an insert to fill; 0: 2 s
	Session    time.Duration // of the consumer group; 0: its default

	// CheckEvery is how often the history is looked through for duplicates and
	// gaps; 0: 5 minutes.
	CheckEvery time.Duration

	Log      *slog.Logger          // nil: nothing is logged
	Registry prometheus.Registerer // nil: nothing is counted
	Tracers  trace.TracerProvider  // nil: nothing is traced
	Now      func() time.Time      // for latencies, and to notice that this process was stopped; nil: neither
}

// Run copies the topics events, rejected, findings, actions and devices to the
// tables of the same names until ctx ends; then it returns nil. The schema must
// be there: see Migrate. While ClickHouse does not answer, Run waits and the log
// keeps what comes.
func Run(ctx context.Context, o Options) (err error) {
	kafka, done := o.Kafka.Shared()
	defer done()
	o.Kafka = kafka
	conn, err := open(o.DSN, o.Password)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	m, streams := newMetrics(o.Registry), o.streamMetrics()
	sinks := map[string]stream.Sink{}
	var topics []string
	at := newPlaces(conn, o.Log)
	for _, t := range tables(o.Topics) {
		s := newSink(conn, t, m)
		s.places = at
		topics, sinks[t.topic] = append(topics, t.topic), s
	}
	o = o.withDefaults()
	defer watch(ctx, o, at, m)()
	return stream.Drain(ctx, stream.DrainConfig{
		Kafka: o.Kafka, Group: o.Group, Topics: topics,
		Sink:       func(topic string) stream.Sink { return sinks[topic] },
		MaxRecords: o.MaxRecords, MaxWait: o.MaxWait, Session: o.Session,
		Now: o.Now, Log: o.Log, Metrics: streams, Traces: tracing.New(o.Tracers, "history"),
	})
}

// watch starts to check what is stored, until stop is called or ctx ends.
func watch(ctx context.Context, o Options, at *places, m *metrics) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	w := newMonitor(o, at, m)
	var wg sync.WaitGroup
	wg.Go(func() { w.run(ctx, o.CheckEvery) })
	return func() {
		cancel()
		wg.Wait()
		w.admin.Close()
	}
}

// streamMetrics are those of lag and latency, which all services have.
func (o Options) streamMetrics() *stream.Metrics {
	if o.Registry == nil {
		return nil
	}
	return stream.NewMetrics(o.Registry, o.Now)
}

const (
	// defaultRecords is the size of an insert when there is that much to insert.
	// A row cost the server 15 us of CPU time, merges included, in inserts of
	// 10,000, 11 us in inserts of 20,000 and no less in larger ones, which need
	// more memory here.
	defaultRecords = 20_000

	defaultWait = 2 * time.Second // half as many parts to merge as with one
)

func (o Options) withDefaults() Options {
	if o.Group == "" {
		o.Group = o.Topics.Prefix + Group
	}
	if o.MaxRecords == 0 {
		o.MaxRecords = defaultRecords
	}
	if o.MaxWait == 0 {
		o.MaxWait = defaultWait
	}
	if o.CheckEvery == 0 {
		o.CheckEvery = defaultCheckEvery
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// table is where the records of one topic go.
type table struct {
	topic, name string
	rows        func() rows
	replaces    bool // rows that are superseded go away
}

func tables(t cordon.Topics) []table {
	return []table{
		{topic: t.Events(), name: "events", rows: newEvents},
		{topic: t.Rejected(), name: "rejected", rows: func() rows { return newRejected() }},
		{topic: t.Findings(), name: "findings", rows: newFindings},
		{topic: t.Actions(), name: "actions", rows: newActions},
		{topic: t.Devices(), name: "devices", rows: newDevices, replaces: true},
	}
}
