package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/storetest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

const partitions = 4

// publish appends recs to topic.
func publish(t testing.TB, k wkafka.Config, topic string, recs ...cordon.Record) {
	t.Helper()
	a, err := stream.NewAppender(k, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if _, err := a.Append(t.Context(), topic, recs...); err != nil {
		t.Fatal(err)
	}
}

// manyEvents returns n events of many devices.
func manyEvents(n int) []cordon.Record {
	recs := make([]cordon.Record, n)
	for i := range recs {
		recs[i] = cordon.Event{
			ID: cordon.EventID(fmt.Sprint("e-", i)), Device: cordon.DeviceID(fmt.Sprint("d-", i%97)), Class: "network_activity", Source: "/sensors/s",
			Time: noon.Add(time.Duration(i) * time.Second), Recorded: recorded, Body: []byte(flow),
		}.Record()
	}
	return recs
}

// runner runs history until stop.
type runner struct {
	cancel context.CancelFunc
	once   sync.Once
	done   chan error
}

func start(t testing.TB, o Options) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	r := &runner{cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- Run(ctx, o) }()
	t.Cleanup(func() { r.stop(t) })
	return r
}

func (r *runner) stop(t testing.TB) {
	t.Helper()
	r.once.Do(func() {
		r.cancel()
		if err := <-r.done; err != nil {
			t.Errorf("Run() = %v; want nil when its context ends", err)
		}
	})
}

// eventually waits until f says yes.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 2 minutes still not: %s", what)
		}
	}
}

func TestRun(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, partitions)
	dsn := schema(t)
	publish(t, k, topics.Events(), append(manyEvents(500), cordon.Record{Key: "d-1", Value: []byte("what is this?")})...)
	for word, topic := range map[string]string{"rejected": topics.Rejected(), "findings": topics.Findings(), "actions": topics.Actions(), "devices": topics.Devices()} {
		publish(t, k, topic, sample(t, word, 1), sample(t, word, 2), cordon.Record{Key: "d-1", Value: []byte("what is this?")})
	}
	reg := prometheus.NewRegistry()
	start(t, Options{Kafka: k, Topics: topics, DSN: dsn.Writer, MaxWait: 50 * time.Millisecond, Registry: reg, Now: time.Now})
	c := dial(t, dsn.Reader)
	for table, want := range map[string]uint64{"events": 500, "findings": 2, "actions": 2, "devices": 2, "rejected": 7} {
		eventually(t, fmt.Sprint(want, " rows in ", table), func() bool { return one[uint64](t, c, "SELECT count() FROM "+table) == want })
	}
	if n := one[uint64](t, c, "SELECT count() FROM v1_duplicates WHERE duplicates != 0"); n != 0 {
		t.Errorf("topics with duplicates = %d; want 0", n)
	}
	if got := one[string](t, c, "SELECT any(topic) FROM events"); got != topics.Events() {
		t.Errorf("topic of events = %s; want %s", got, topics.Events())
	}
	if n := counted(t, reg, "cordon_history_refused_total"); n != 5 {
		t.Errorf("cordon_history_refused_total = %v; want 5", n)
	}
	eventually(t, "513 records counted as done", func() bool { return counted(t, reg, "cordon_stream_records_in_total") == 513 })
	if n := latencies(t, reg, "cordon_stream_insert_seconds"); n < 5 {
		t.Errorf("inserts timed = %d; want one for each table at least", n)
	}
}

// latencies is how many observations a histogram has over its labels.
func latencies(t *testing.T, reg *prometheus.Registry, name string) uint64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				n += m.GetHistogram().GetSampleCount()
			}
		}
	}
	return n
}

// counted is the sum of a counter over its labels.
func counted(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// TestCrashes kills the store and history in the middle of inserts, again and
// again: each event is in the tables once, and in the rollups once.
func TestCrashes(t *testing.T) {
	const total, rounds = 40_000, 5
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, partitions)
	dir := t.TempDir()
	store := storetest.Open(t, dir)
	front := newProxy(t, store.Addr)
	dsn := storetest.DSNs{Admin: front.dsn(t, store.Admin), Writer: front.dsn(t, store.Writer), Reader: front.dsn(t, store.Reader)}
	if _, err := Migrate(t.Context(), MigrateOptions{DSN: dsn.Admin}); err != nil {
		t.Fatal(err)
	}
	publish(t, k, topics.Events(), manyEvents(total)...)
	o := Options{
		Kafka: k, Topics: topics, DSN: dsn.Writer, MaxRecords: 500, MaxWait: 20 * time.Millisecond, Session: kafkatest.MinSession,
		Log: slog.New(slog.DiscardHandler),
	}
	r := start(t, o)
	for round := range rounds {
		front.await(t, uint64(10+round%3)) // inserts under way
		store.Kill()
		if round%2 == 1 {
			r.stop(t)
			r = start(t, o)
		}
		store = storetest.Open(t, dir)
		front.to(store.Addr)
	}
	c := dial(t, dsn.Reader)
	// A table has rows a moment before the rollups that hang on it do.
	eventually(t, "all events in the rollups", func() bool { return one[uint64](t, c, "SELECT sum(flows) FROM v1_edges") >= total })
	eventually(t, "all events in the table", func() bool { return one[uint64](t, c, "SELECT count() FROM events") >= total })
	r.stop(t)
	for _, q := range []struct {
		sql  string
		want uint64
	}{
		{"SELECT count() FROM events", total},
		{"SELECT uniqExact(kafka_partition, kafka_offset) FROM events", total},
		{"SELECT sum(events) FROM v1_rate_per_minute", total},
		{"SELECT sum(flows) FROM v1_edges", total},
		{"SELECT count() FROM rejected", 0},
	} {
		if got := one[uint64](t, c, q.sql); got != q.want {
			t.Errorf("after %d crashes: %s = %d; want %d", rounds, q.sql, got, q.want)
		}
	}
}

// proxy keeps an address for a store that comes back at another.
type proxy struct {
	net.Listener
	target atomic.Pointer[string]
	conns  atomic.Uint64 // connections and requests seen
	tick   chan struct{}
	wg     sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, tick: make(chan struct{}, 1)}
	p.to(target)
	p.wg.Go(p.accept)
	t.Cleanup(func() { _ = l.Close(); p.wg.Wait() })
	return p
}

func (p *proxy) to(target string) { p.target.Store(&target) }

// dsn is one of the store's, for the database cordon, through the proxy.
func (p *proxy) dsn(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.Path = p.Addr().String(), "/cordon"
	return u.String()
}

func (p *proxy) accept() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.forward(in) })
	}
}

func (p *proxy) forward(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", *p.target.Load())
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(in, out)
		_ = in.Close()
	})
	_, _ = io.Copy(out, &counting{in, p})
	_ = out.Close()
	back.Wait()
}

// counting notes what comes from clients.
type counting struct {
	net.Conn
	p *proxy
}

// Read implements io.Reader.
func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.p.conns.Add(1)
	select {
	case c.p.tick <- struct{}{}:
	default:
	}
	return n, err
}

// await returns after n more pieces of requests have come.
func (p *proxy) await(t *testing.T, n uint64) {
	t.Helper()
	from := p.conns.Load()
	deadline := time.After(time.Minute)
	for p.conns.Load() < from+n {
		select {
		case <-p.tick:
		case <-deadline:
			t.Fatal("no requests for a minute: has history stopped?")
		}
	}
}

// TestStoreDown: while ClickHouse does not answer, nothing is lost and the
// reason is logged with what to do.
func TestStoreDown(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	dir := t.TempDir()
	store := storetest.Open(t, dir)
	front := newProxy(t, store.Addr)
	if _, err := Migrate(t.Context(), MigrateOptions{DSN: front.dsn(t, store.Admin)}); err != nil {
		t.Fatal(err)
	}
	store.Kill()
	said := make(chan string, 1)
	start(t, Options{
		Kafka: k, Topics: topics, DSN: front.dsn(t, store.Writer), MaxWait: 20 * time.Millisecond,
		Log: slog.New(errorsTo{said}),
	})
	publish(t, k, topics.Events(), manyEvents(10)...)
	select {
	case text := <-said:
		t.Logf("logged: %s", text)
	case <-time.After(time.Minute):
		t.Fatal("nothing was logged for a minute")
	}
	store = storetest.Open(t, dir)
	front.to(store.Addr)
	c := dial(t, front.dsn(t, store.Reader))
	eventually(t, "10 rows in events", func() bool { return one[uint64](t, c, "SELECT count() FROM events") == 10 })
}

// errorsTo is a slog.Handler that hands over the first error.
type errorsTo struct{ said chan string }

// Enabled implements slog.Handler.
func (errorsTo) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle implements slog.Handler.
func (h errorsTo) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	select {
	case h.said <- text:
	default:
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h errorsTo) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h errorsTo) WithGroup(string) slog.Handler { return h }

func TestRunNeedsAnAddress(t *testing.T) {
	if err := Run(t.Context(), Options{DSN: "http://127.0.0.1:1"}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Run() without a database = %v; want an error", err)
	}
}
