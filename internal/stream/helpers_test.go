package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// within returns a context that bounds a test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func logTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// bench is a broker with topics in and out.
type bench struct {
	cfg      wkafka.Config
	in, out  string
	rejected string
	group    string
	app      *Appender
}

func newBench(t testing.TB, partitions int) *bench {
	t.Helper()
	b := &bench{cfg: kafkatest.Start(t), group: kafkatest.Name(t)}
	b.in, b.out, b.rejected = b.group+".in", b.group+".out", b.group+".rejected"
	var specs []wkafka.TopicSpec
	for _, name := range []string{b.in, b.out, b.rejected} {
		specs = append(specs, wkafka.TopicSpec{Name: name, Partitions: partitions})
	}
	kafkatest.Create(t, b.cfg, specs...)
	app, err := NewAppender(b.cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	b.app = app
	return b
}

// feed appends n records with values from, from+1, ... to the input.
func (b *bench) feed(t testing.TB, from, n int) {
	t.Helper()
	recs := make([]cordon.Record, n)
	for i := range recs {
		recs[i] = cordon.Record{Key: fmt.Sprintf("device-%d", (from+i)%11), Value: fmt.Appendf(nil, "%d", from+i)}
	}
	if _, err := b.app.Append(within(t, 30*time.Second), b.in, recs...); err != nil {
		t.Errorf("append: %v", err)
	}
}

// contents reads a topic from its start to its end.
func (b *bench) contents(t testing.TB, topic string) []cordon.Record {
	t.Helper()
	ctx := within(t, 30*time.Second)
	n, err := wkafka.Partitions(ctx, b.cfg, topic)
	if err != nil {
		t.Fatal(err)
	}
	var all []cordon.Record
	for p := range n {
		if _, err := Replay(ctx, b.cfg, topic, p, 0, -1, func(r cordon.Record) error {
			all = append(all, r)
			return nil
		}); err != nil {
			t.Fatalf("Replay(%s/%d): %v", topic, p, err)
		}
	}
	return all
}

// follow counts what arrives in topic; ch is closed at the n-th record.
func (b *bench) follow(t testing.TB, topic string, n int) (ch chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	parts, err := wkafka.Partitions(ctx, b.cfg, topic)
	if err != nil {
		t.Fatal(err)
	}
	ch = make(chan struct{})
	var mu sync.Mutex
	seen := map[string]bool{}
	for p := range parts {
		wg.Go(func() {
			err := Follow(ctx, b.cfg, topic, p, 0, func(r cordon.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if before := len(seen); before < n {
					seen[r.Header(cordon.HeaderInput)+"#"+r.Header(cordon.HeaderID)] = true
					if len(seen) == n {
						close(ch)
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("Follow(%s/%d) = %v", topic, p, err)
			}
		})
	}
	return ch
}

func wait(t testing.TB, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-within(t, 60*time.Second).Done():
		t.Fatalf("timed out waiting for %s", what)
	}
}

// copier is the simplest Step: one output per input, under a derived id.
type copier struct {
	out   string
	apply func(cordon.Record) error // may be nil
}

func (c *copier) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	if c.apply != nil {
		if err := c.apply(in); err != nil {
			return nil, err
		}
	}
	id := cordon.DeriveID("copy", in.Position.String())
	return []Output{{c.out, cordon.Record{Key: in.Key, Value: in.Value, Headers: []cordon.Header{{Key: cordon.HeaderID, Value: id}}}}}, nil
}

func (b *bench) config(t testing.TB, step Step) Config {
	return Config{
		Kafka: b.cfg, Group: b.group, Topics: []string{b.in}, Rejected: b.rejected,
		Open:    func(context.Context, *Claim) (Step, error) { return step, nil },
		Session: 6 * time.Second, Log: logTo(t),
	}
}

// begin runs f until stop is called; stop waits for it.
func begin(t testing.TB, f func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

var errCrash = errors.New("crash")

// onceEach fails the test unless every input of the topic in is the cause of
// exactly per records.
func onceEach(t testing.TB, in, out []cordon.Record, per int) {
	t.Helper()
	counts := map[string]int{}
	for _, r := range out {
		counts[r.Header(cordon.HeaderInput)]++
	}
	for _, r := range in {
		if n := counts[r.Position.String()]; n != per {
			t.Errorf("input %s has %d outputs; want %d", r.Position, n, per)
		}
		delete(counts, r.Position.String())
	}
	if len(counts) > 0 {
		t.Errorf("outputs without input: %v", counts)
	}
}
