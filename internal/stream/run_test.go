package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/cordon-iot/cordon"
)

func TestRunCopies(t *testing.T) {
	b := newBench(t, 4)
	b.feed(t, 0, 2500)
	reg := prometheus.NewRegistry()
	cfg := b.config(t, &copier{out: b.out})
	cfg.Metrics = NewMetrics(reg, time.Now)
	arrived := b.follow(t, b.out, 2500)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, arrived, "all outputs")
	if err := stop(); err != nil {
		t.Fatalf("Run(...) = %v; want nil when its context ends", err)
	}
	in, out := b.contents(t, b.in), b.contents(t, b.out)
	onceEach(t, in, out, 1)
	if !out[0].Time.Equal(in[0].Time) && out[0].Time.IsZero() {
		t.Errorf("output has time %v; want that of its input", out[0].Time)
	}
	if got := testutil.ToFloat64(cfg.Metrics.in.WithLabelValues(b.group, b.in)); got != 2500 {
		t.Errorf("records in = %v; want 2500", got)
	}
	if got := testutil.ToFloat64(cfg.Metrics.out.WithLabelValues(b.group, b.out)); got != 2500 {
		t.Errorf("records out = %v; want 2500", got)
	}
}

// TestRunResumes crashes Run between append and commit, over and over, from the
// very first batch on.
func TestRunResumes(t *testing.T) {
	b := newBench(t, 4)
	const total = 2400
	b.feed(t, 0, total)
	cfg := b.config(t, &copier{out: b.out})
	cfg.MaxRecords = 40
	reg := prometheus.NewRegistry()
	cfg.Metrics = NewMetrics(reg, time.Now)
	crashes := 0
	for n := range 8 {
		var batches atomic.Int64
		err := run(within(t, 60*time.Second), cfg, func() error {
			if batches.Add(1) > int64(n) {
				return errCrash
			}
			return nil
		})
		if !errors.Is(err, errCrash) {
			t.Fatalf("run(crash after batch %d) = %v; want the crash", n, err)
		}
		crashes++
	}
	arrived := b.follow(t, b.out, total)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, arrived, "all outputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
	if got := testutil.ToFloat64(cfg.Metrics.skipped.WithLabelValues(b.group, b.out)); got == 0 {
		t.Errorf("outputs skipped after %d crashes = 0; the test has not crashed after an append", crashes)
	}
}

// TestRunTwoMembers has two members share the partitions while one of them
// crashes and comes back.
func TestRunTwoMembers(t *testing.T) {
	b := newBench(t, 4)
	const total = 4000
	cfg := b.config(t, &copier{out: b.out})
	cfg.MaxRecords = 50
	arrived := b.follow(t, b.out, total)
	begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	begin(t, func(ctx context.Context) error {
		for ctx.Err() == nil {
			var batches atomic.Int64
			err := run(ctx, cfg, func() error {
				if batches.Add(1)%5 == 0 {
					return errCrash
				}
				return nil
			})
			if err != nil && !errors.Is(err, errCrash) {
				return err
			}
		}
		return nil
	})
	for i := 0; i < total; i += 200 {
		b.feed(t, i, 200)
	}
	wait(t, arrived, "all outputs")
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
}

func TestRunRejects(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 10)
	bad := map[string]error{
		"3": &RejectError{Reason: "json.syntax", Err: errors.New("byte 1"), Mapper: "test/1"},
		"7": &RejectError{Reason: "class.unknown"},
	}
	cfg := b.config(t, &copier{out: b.out, apply: func(in cordon.Record) error {
		if string(in.Value) == "5" {
			panic("five")
		}
		return bad[string(in.Value)]
	}})
	cfg.Service = "ingest"
	outs, rejects := b.follow(t, b.out, 7), b.follow(t, b.rejected, 3)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, outs, "outputs")
	wait(t, rejects, "rejections")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range b.contents(t, b.rejected) {
		j, err := cordon.RejectedOf(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %q", j.Service, j.Reason, j.Detail, j.Mapper, j.Bytes))
		if r.Header(cordon.HeaderInput) != j.Input {
			t.Errorf("rejected record says input %s, its header %s", j.Input, r.Header(cordon.HeaderInput))
		}
	}
	want := []string{
		`ingest json.syntax byte 1 test/1 "3"`,
		`ingest panic five  "5"`,
		`ingest class.unknown   "7"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejected differ (-want +got):\n%s", diff)
	}
}

func TestRunStopsOnError(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"step", func(c *Config) {
			c.Open = func(context.Context, *Claim) (Step, error) {
				return &copier{apply: func(cordon.Record) error { return broken }}, nil
			}
		}, "broken"},
		{"open", func(c *Config) {
			c.Open = func(context.Context, *Claim) (Step, error) { return nil, broken }
		}, "broken"},
		{"goroutine", func(c *Config) {
			c.Open = func(_ context.Context, cl *Claim) (Step, error) {
				cl.Go(func(context.Context) error { return broken })
				return &copier{}, nil
			}
		}, "broken"},
		{"rejection without a topic", func(c *Config) {
			c.Rejected = ""
			c.Open = func(context.Context, *Claim) (Step, error) {
				return &copier{apply: func(cordon.Record) error { return &RejectError{Reason: "r"} }}, nil
			}
		}, "rejected: r"},
		{"output without id", func(c *Config) {
			c.Open = func(context.Context, *Claim) (Step, error) { return noID{}, nil }
		}, "ce_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, 2)
			b.feed(t, 0, 5)
			cfg := b.config(t, nil)
			tt.change(&cfg)
			if err := Run(within(t, 30*time.Second), cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Run(...) = %v; want an error about %q", err, tt.want)
			}
		})
	}
}

// noID makes outputs that lack an id.
type noID struct{}

func (noID) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	return []Output{{Topic: "t", Record: cordon.Record{Value: in.Value}}}, nil
}

// counter numbers the records of a partition: its state is a fold of the log.
type counter struct {
	out    string
	n      int
	folded int
	closed *atomic.Int64
}

func (c *counter) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	c.n++
	return []Output{{c.out, cordon.Record{
		Key: in.Key, Value: fmt.Appendf(nil, "%d", c.n),
		Headers: []cordon.Header{{Key: cordon.HeaderID, Value: in.Position.String()}},
	}}}, nil
}

func (c *counter) Fold(context.Context, cordon.Record) error {
	c.n++
	c.folded++
	return nil
}

func (c *counter) Close() error {
	c.closed.Add(1)
	return nil
}

func TestRunFoldsState(t *testing.T) {
	b := newBench(t, 1)
	var closed atomic.Int64
	var mu sync.Mutex
	var steps []*counter
	cfg := b.config(t, nil)
	cfg.MaxRecords = 10
	cfg.Open = func(context.Context, *Claim) (Step, error) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, &counter{out: b.out, closed: &closed})
		return steps[len(steps)-1], nil
	}
	for round := range 3 {
		b.feed(t, round*100, 100)
		arrived := b.follow(t, b.out, 100*(round+1))
		stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
		wait(t, arrived, "outputs")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range b.contents(t, b.out) {
		if want := fmt.Sprint(i + 1); string(r.Value) != want {
			t.Fatalf("output %d = %s; want %s", i, r.Value, want)
		}
	}
	if steps[1].folded != 100 || steps[2].folded != 200 {
		t.Errorf("folded %d and %d records; want 100 and 200", steps[1].folded, steps[2].folded)
	}
	if closed.Load() != 3 {
		t.Errorf("%d steps closed; want 3", closed.Load())
	}
}

// TestClaimGo checks that a goroutine of an assignment ends with it and is
// waited for.
func TestClaimGo(t *testing.T) {
	b := newBench(t, 1)
	opened, ended := make(chan struct{}), make(chan struct{})
	cfg := b.config(t, nil)
	cfg.Open = func(_ context.Context, c *Claim) (Step, error) {
		c.Go(func(ctx context.Context) error {
			close(opened)
			<-ctx.Done()
			close(ended)
			return ctx.Err()
		})
		return &copier{out: b.out}, nil
	}
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, opened, "the assignment")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	default:
		t.Error("Run returned before the goroutine of its assignment")
	}
}

func TestReplayBounds(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 10)
	tests := []struct {
		from, until int64
		want        int
		next        int64
	}{
		{0, -1, 10, 10}, {-1, -1, 10, 10}, {4, -1, 6, 10}, {4, 7, 3, 7}, {10, -1, 0, 10}, {7, 3, 0, 7},
	}
	for _, tt := range tests {
		n := 0
		next, err := Replay(within(t, 20*time.Second), b.cfg, b.in, 0, tt.from, tt.until, func(cordon.Record) error { n++; return nil })
		if err != nil || n != tt.want || next != tt.next {
			t.Errorf("Replay(%d, %d) = %d records, next %d, %v; want %d, %d", tt.from, tt.until, n, next, err, tt.want, tt.next)
		}
	}
}

// TestRunLeavesNothing checks that Run takes its goroutines and connections
// with it.
func TestRunLeavesNothing(t *testing.T) {
	b := newBench(t, 2)
	b.feed(t, 0, 100)
	applied := make(chan struct{})
	var n atomic.Int64
	step := &copier{out: b.out, apply: func(cordon.Record) error {
		if n.Add(1) == 100 {
			close(applied)
		}
		return nil
	}}
	before := goleak.IgnoreCurrent()
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, b.config(t, step)) })
	wait(t, applied, "all inputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// What the broker keeps of its side is its own.
	opts := []goleak.Option{before}
	for _, f := range []string{"read", "read.func1", "write"} {
		opts = append(opts, goleak.IgnoreAnyFunction("github.com/twmb/franz-go/pkg/kfake.(*clientConn)."+f))
	}
	// Find waits for half a second; the answer to the last fetch may take longer.
	err := goleak.Find(opts...)
	for range 5 {
		if err == nil {
			return
		}
		err = goleak.Find(opts...)
	}
	t.Errorf("goroutines left: %v", err)
}

// TestRejectedNow: a record that is refused long after it was written has the
// time of its refusal in the rejected topic.
func TestRejectedNow(t *testing.T) {
	b := newBench(t, 1)
	began := time.Now().Truncate(time.Millisecond)
	if _, err := b.app.Append(within(t, 30*time.Second), b.in, cordon.Record{Key: "d", Value: []byte("old"), Time: began.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	cfg := b.config(t, &copier{out: b.out, apply: func(cordon.Record) error { return &RejectError{Reason: "old"} }})
	cfg.Now = time.Now
	refused := b.follow(t, b.rejected, 1)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, refused, "the rejected record")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if at := b.contents(t, b.rejected)[0].Time; at.Before(began) {
		t.Errorf("the record was rejected at %s; want %s or later", at, began)
	}
}
