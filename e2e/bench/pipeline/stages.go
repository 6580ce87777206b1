package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/services/respond/receiver"
	"github.com/cordon-iot/cordon/wkafka"
)

const stageLimit = 5 * time.Minute

// round measures every stage once, each over the whole traffic.
func (e *environment) round(ctx context.Context, n int) ([]figure, error) {
	t, err := e.fill(ctx, fmt.Sprintf("stages%d.", n))
	if err != nil {
		return nil, err
	}
	stages := []stage{
		{"ingest", e.ingest, e.ingested},
		{"bare", e.bare, e.stored},
		{"history", e.history, e.stored},
		{"detect", e.detect, e.detected},
	}
	var out []figure
	for _, s := range stages {
		f, err := e.measure(ctx, s, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		out = append(out, f)
	}
	if t, err = e.fill(ctx, fmt.Sprintf("all%d.", n)); err != nil {
		return nil, err
	}
	all, err := e.measure(ctx, stage{"end to end", e.all, e.finished}, t)
	if err != nil {
		return nil, fmt.Errorf("end to end: %w", err)
	}
	return ratios(append(out, all)), nil
}

// ratios compares every figure with the bare loop of the same round.
func ratios(round []figure) []figure {
	var bare float64
	for _, f := range round {
		if f.Stage == "bare" {
			bare = f.PerSecond
		}
	}
	for i := range round {
		round[i].Ratio = round[i].PerSecond / bare
	}
	return round
}

// stage is one part of the pipeline, or all of it.
type stage struct {
	name string
	run  func(context.Context, cordon.Topics) error
	done func(context.Context, cordon.Topics) (events int64, err error) // so far
}

// measure runs a stage over all events of t on an empty table, from its start
// to its last event: joining groups and waiting for a last batch to fill, some
// two seconds, are in it.
func (e *environment) measure(ctx context.Context, s stage, t cordon.Topics) (figure, error) {
	if err := e.admin.Exec(ctx, "TRUNCATE TABLE events"); err != nil {
		return figure{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	before := e.mark()
	g.Go(func() error {
		if err := s.run(ctx, t); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	err := until(ctx, stageLimit, s.name+" is through", func() (bool, error) {
		n, err := s.done(ctx, t)
		return n >= int64(len(e.traffic)), err
	})
	after := e.mark()
	cancel()
	if err := errors.Join(err, g.Wait()); err != nil {
		return figure{}, err
	}
	return between(s.name, before, after, len(e.traffic)), nil
}

// mark says what was used at a time, by each process since it began.
type mark struct {
	at                 time.Time
	cpu, broker, store time.Duration
}

func (e *environment) mark() mark {
	return mark{time.Now(), cpuTime(), processTime(e.processes[0]), processTime(e.processes[1])}
}

func between(name string, a, b mark, events int) figure {
	n := float64(events)
	perEvent := func(d time.Duration) float64 { return d.Seconds() * 1e6 / n }
	return figure{
		Stage: name, PerSecond: n / b.at.Sub(a.at).Seconds(),
		CPU: perEvent(b.cpu - a.cpu), Broker: perEvent(b.broker - a.broker), Store: perEvent(b.store - a.store),
	}
}

// processTime is what a process beside this one has used.
func processTime(c *exec.Cmd) time.Duration {
	const tick = 10 * time.Millisecond // of the kernel's clock, see proc(5)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (e *environment) ingest(ctx context.Context, t cordon.Topics) error {
	return ingest.Run(ctx, ingest.Options{Kafka: e.kafka, Topics: t, Log: e.log, Now: time.Now})
}

func (e *environment) detect(ctx context.Context, t cordon.Topics) error {
	return detect.Run(ctx, detect.Options{Kafka: e.kafka, Topics: t, Policies: e.policies, Log: e.log, Now: time.Now})
}

func (e *environment) history(ctx context.Context, t cordon.Topics) error {
	return history.Run(ctx, history.Options{Kafka: e.kafka, Topics: t, DSN: e.writer, Log: e.log})
}

func (e *environment) all(ctx context.Context, t cordon.Topics) error {
	hook, err := receiver.New(webhookSecret, time.Now, nil)
	if err != nil {
		return err
	}
	srv := httptest.NewServer(hook)
	defer srv.Close()
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context, cordon.Topics) error{e.ingest, e.detect, e.history} {
		g.Go(func() error { return run(ctx, t) })
	}
	g.Go(func() error { return e.respond(ctx, t, srv.URL) })
	return g.Wait()
}

// bare reads every partition with kafka-go's Reader and inserts what comes, in
// batches as large as those of history, into the same table: no consumer group,
// no commits, no tokens that anybody would check.
func (e *environment) bare(ctx context.Context, t cordon.Topics) error {
	sink, closer, err := history.Open(history.Options{Topics: t, DSN: e.writer}, t.Events())
	if err != nil {
		return err
	}
	defer closer.Close()
	ends, err := wkafka.EndOffsets(ctx, e.kafka, t.Events())
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for p, end := range ends {
		g.Go(func() error { return e.copyPartition(ctx, t.Events(), p, end, sink) })
	}
	return g.Wait()
}

const bareBatch = 20_000

func (e *environment) copyPartition(ctx context.Context, topic string, p int, end int64, sink stream.Sink) error {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: e.kafka.Brokers, Topic: topic, Partition: p,
		MinBytes: 1, MaxBytes: 4 << 20, MaxWait: 100 * time.Millisecond, QueueCapacity: 1000,
	})
	defer r.Close()
	var batch []cordon.Record
	for next := int64(0); next < end; {
		m, err := r.FetchMessage(ctx)
		if err != nil {
			return err
		}
		next = m.Offset + 1
		batch = append(batch, recordOf(m))
		if len(batch) < bareBatch && next < end {
			continue
		}
		if err := sink.Insert(ctx, fmt.Sprint(topic, p, next), batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return nil
}

func recordOf(m kafka.Message) cordon.Record {
	hs := make([]cordon.Header, len(m.Headers))
	for i, h := range m.Headers {
		hs[i] = cordon.Header{Key: h.Key, Value: string(h.Value)}
	}
	return cordon.Record{
		Position: cordon.Position{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset},
		Time:     m.Time, Key: string(m.Key), Headers: hs, Value: m.Value,
	}
}

func (e *environment) ingested(ctx context.Context, t cordon.Topics) (int64, error) {
	var n int64
	for _, topic := range []string{t.Events(), t.Rejected()} {
		ends, err := wkafka.EndOffsets(ctx, e.kafka, topic)
		if err != nil {
			return 0, err
		}
		for _, end := range ends {
			n += end
		}
	}
	return n, nil
}

func (e *environment) stored(ctx context.Context, _ cordon.Topics) (int64, error) {
	var n uint64
	err := e.admin.QueryRow(ctx, "SELECT count() FROM events").Scan(&n)
	return int64(n), err
}

func (e *environment) detected(ctx context.Context, t cordon.Topics) (int64, error) {
	m := lag.NewMeter(e.kafka)
	defer m.Close()
	events, err := e.ingested(ctx, t)
	if err != nil {
		return 0, err
	}
	for _, s := range lag.Stages(t) {
		if s.Name == "detect" {
			behind, err := m.Behind(ctx, s)
			return max(0, events-behind), err
		}
	}
	return 0, errors.New("no stage is called detect")
}

// finished is how many events are both in ClickHouse and evaluated.
func (e *environment) finished(ctx context.Context, t cordon.Topics) (int64, error) {
	stored, err := e.stored(ctx, t)
	if err != nil {
		return 0, err
	}
	detected, err := e.detected(ctx, t)
	return min(stored, detected), err
}
