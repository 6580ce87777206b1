package stream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// table is a Sink that keeps rows and ignores tokens it has seen, as ClickHouse
// does. before and after, if set, run around the insert and may fail it: after
// fails one that has been done.
type table struct {
	mu     sync.Mutex
	rows   map[string]int
	tokens map[string]int
	full   chan struct{} // closed when want rows are in
	want   int
	before func() error
	after  func() error
}

func newTable(want int) *table {
	return &table{rows: map[string]int{}, tokens: map[string]int{}, full: make(chan struct{}), want: want}
}

func (s *table) Insert(_ context.Context, token string, batch []cordon.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	s.tokens[token]++
	if s.tokens[token] == 1 {
		before := len(s.rows)
		for _, r := range batch {
			s.rows[r.Position.String()]++
		}
		if before < s.want && len(s.rows) >= s.want {
			close(s.full)
		}
	}
	if s.after != nil {
		return s.after()
	}
	return nil
}

// check fails the test unless every record of in is one row.
func (s *table) check(t testing.TB, in []cordon.Record) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range in {
		if n := s.rows[r.Position.String()]; n != 1 {
			t.Errorf("record %s has %d rows; want 1", r.Position, n)
		}
	}
	if len(s.rows) != len(in) {
		t.Errorf("%d rows; want %d", len(s.rows), len(in))
	}
}

func (b *bench) drain(t testing.TB, s Sink) DrainConfig {
	return DrainConfig{
		Kafka: b.cfg, Group: b.group, Topics: []string{b.in}, Sink: func(string) Sink { return s },
		MaxRecords: 30, MaxWait: 50 * time.Millisecond, Session: 6 * time.Second, Log: logTo(t),
	}
}

func TestDrain(t *testing.T) {
	b := newBench(t, 4)
	b.feed(t, 0, 1000)
	s := newTable(1000)
	stop := begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
	wait(t, s.full, "all rows")
	if err := stop(); err != nil {
		t.Fatalf("Drain(...) = %v; want nil when its context ends", err)
	}
	s.check(t, b.contents(t, b.in))
	// Everything is settled: a second Drain inserts nothing again.
	inserts := len(s.tokens)
	b.feed(t, 1000, 1)
	s.want, s.full = 1001, make(chan struct{})
	stop = begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
	wait(t, s.full, "the last row")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := len(s.tokens); got != inserts+1 {
		t.Errorf("%d inserts after the restart; want 1", got-inserts)
	}
}

// TestDrainRedoesIntent crashes Drain around inserts. The batch boundaries of
// the next run would differ, were it not for the intent.
func TestDrainRedoesIntent(t *testing.T) {
	for _, point := range []string{"before", "after"} {
		t.Run(point, func(t *testing.T) {
			b := newBench(t, 2)
			const total = 1400
			s := newTable(total)
			for round := range 6 {
				b.feed(t, round*200, 200)
				ctx, cancel := context.WithCancel(within(t, 60*time.Second))
				n := 0
				crash := func() error {
					if n++; n > round {
						cancel() // the process is gone: what Insert answers does not matter
						return errCrash
					}
					return nil
				}
				s.mu.Lock()
				if point == "before" {
					s.before, s.after = crash, nil
				} else {
					s.before, s.after = nil, crash
				}
				s.mu.Unlock()
				cfg := b.drain(t, s)
				cfg.MaxRecords = 7 + round*5
				if err := Drain(ctx, cfg); err != nil {
					t.Fatal(err)
				}
				cancel()
			}
			b.feed(t, 1200, total-1200)
			s.mu.Lock()
			s.before, s.after = nil, nil
			s.mu.Unlock()
			stop := begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
			wait(t, s.full, "all rows")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			s.check(t, b.contents(t, b.in))
		})
	}
}

func TestDrainWaitsForSink(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 100)
	s := newTable(100)
	fails := 0
	s.before = func() error {
		if fails++; fails <= 3 {
			return errors.New("connection refused")
		}
		return nil
	}
	stop := begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
	wait(t, s.full, "all rows")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.check(t, b.contents(t, b.in))
}

func TestDrainRefusesForeignMetadata(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 10)
	arrived := b.follow(t, b.out, 10)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, b.config(t, &copier{out: b.out})) })
	wait(t, arrived, "outputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	err := Drain(within(t, 30*time.Second), b.drain(t, newTable(0)))
	if err == nil || !strings.Contains(err.Error(), "another group") {
		t.Errorf("Drain(in the group of a Run) = %v; want an error that says to use another group", err)
	}
}

func TestIntent(t *testing.T) {
	batch := []cordon.Record{{Position: cordon.Position{Offset: 4}}, {Position: cordon.Position{Offset: 9}}}
	for attempt, want := range []string{"i:9", "i:9:1", "i:9:2"} {
		in := intentOf(batch, attempt)
		out, ok, err := parseIntent(in.String())
		if in.String() != want || out != in || !ok || err != nil {
			t.Errorf("parseIntent(%q) = %+v, %v, %v; want %+v of %q", in, out, ok, err, in, want)
		}
	}
	if _, ok, err := parseIntent(""); ok || err != nil {
		t.Errorf("parseIntent(\"\") = %v, %v; want false, nil", ok, err)
	}
	for _, s := range []string{"i:", "i:x", "i:-1", "i:9:", "i:9:0", "i:9:x", "o1:abc", "17"} {
		if _, _, err := parseIntent(s); err == nil {
			t.Errorf("parseIntent(%q) = nil error; want one", s)
		}
	}
}

func TestToken(t *testing.T) {
	batch := func(values ...string) (b []cordon.Record) {
		for i, v := range values {
			b = append(b, cordon.Record{Position: cordon.Position{Topic: "events", Partition: 2, Offset: int64(5 + i)}, Value: []byte(v)})
		}
		return b
	}
	one := token(batch("a", "b"), 0)
	if !strings.HasPrefix(one, "events/2/5-6/") || one != token(batch("a", "b"), 0) {
		t.Errorf("token = %q; want events/2/5-6/<hash>, the same each time", one)
	}
	traced := batch("a", "b")
	traced[0].Headers = []cordon.Header{{Key: "traceparent", Value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	if got := token(traced, 0); got != one {
		t.Errorf("token of the batch with a trace context = %q; want %q, as without", got, one)
	}
	others := map[string]bool{token(batch("a", "b"), 1): true, token(batch("a", "b"), 2): true}
	for _, b := range [][]cordon.Record{batch("a", "c"), batch("ab", ""), batch("a")} {
		others[token(b, 0)] = true
	}
	if diff := cmp.Diff(5, len(others)); diff != "" || others[one] {
		t.Errorf("tokens of different batches: %v and %s; want all different", others, one)
	}
}
