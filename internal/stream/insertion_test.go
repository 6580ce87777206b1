package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
)

// A fate is what happens to one insert.
type fate int

const (
	taken    fate = iota
	refused       // fails, nothing is stored
	silent        // is stored, the answer does not come
	hidden        // the server dies after it has noted the tokens of the second part, which is not stored
	hiddenOK      // the same, and the answer says that all is well, as after a restart in between
	fates
)

// database is a Checker that keeps rows in three parts per insert, as
// ClickHouse does, and notes the token of each before it shows the part.
type database struct {
	mu    sync.Mutex
	rows  map[string]int
	noted map[string]bool
	full  chan struct{}
	want  int

	fate  func() fate
	crash func() bool // whether the process that inserts dies now
	blind error       // what Missing answers
}

func newDatabase(want int) *database {
	return &database{
		rows: map[string]int{}, noted: map[string]bool{}, full: make(chan struct{}), want: want,
		fate: func() fate { return taken }, crash: func() bool { return false },
	}
}

func (s *database) Insert(_ context.Context, token string, batch []cordon.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fate()
	if f == refused || s.crash() {
		return errCrash
	}
	before := len(s.rows)
	for part := range 3 {
		key := fmt.Sprint(token, "#", part)
		if s.noted[key] {
			continue
		}
		s.noted[key] = true
		if part == 1 && (f == hidden || f == hiddenOK) {
			continue
		}
		for _, r := range batch {
			if int(r.Position.Offset)%3 == part {
				s.rows[r.Position.String()]++
			}
		}
	}
	if before < s.want && len(s.rows) >= s.want {
		close(s.full)
	}
	if f == silent || f == hidden || s.crash() {
		return errCrash
	}
	return nil
}

func (s *database) InsertMissing(ctx context.Context, token string, batch []cordon.Record, missing map[int64]bool) error {
	return s.Insert(ctx, token, slices.DeleteFunc(slices.Clone(batch), func(r cordon.Record) bool { return !missing[r.Position.Offset] }))
}

func (s *database) Missing(_ context.Context, batch []cordon.Record) (map[int64]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blind != nil {
		return nil, s.blind
	}
	if s.crash() {
		return nil, errCrash
	}
	missing := map[int64]bool{}
	for _, r := range batch {
		if s.rows[r.Position.String()] == 0 {
			missing[r.Position.Offset] = true
		}
	}
	return missing, nil
}

// checkOnce fails the test unless every record of in is one row.
func (s *database) checkOnce(t *testing.T, in []cordon.Record) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range in {
		if n := s.rows[r.Position.String()]; n != 1 {
			t.Errorf("record %s has %d rows; want 1", r.Position, n)
		}
	}
}

// TestDrainFindsWhatATokenHides: the server dies between noting the token of a
// part and showing it, in the first inserts, and with it or not the process
// that inserts. The rows come all the same, once.
func TestDrainFindsWhatATokenHides(t *testing.T) {
	for _, fates := range [][]fate{
		{hidden},
		{hidden, hidden, hidden},
		{silent, hidden, refused, hidden},
		{refused, hiddenOK},
	} {
		t.Run(fmt.Sprint(fates), func(t *testing.T) {
			b := newBench(t, 1)
			const total = 90
			b.feed(t, 0, total)
			s := newDatabase(total)
			left := fates
			s.fate = func() fate {
				if len(left) == 0 {
					return taken
				}
				f := left[0]
				left = left[1:]
				return f
			}
			cfg := b.drain(t, s)
			reg := prometheus.NewRegistry()
			cfg.Metrics = NewMetrics(reg, time.Now)
			stop := begin(t, func(ctx context.Context) error { return Drain(ctx, cfg) })
			wait(t, s.full, "all rows")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			s.checkOnce(t, b.contents(t, b.in))
			if n := testutil.CollectAndCount(reg, "cordon_stream_read_backs_total"); n == 0 {
				t.Error("no read-back was counted; want some")
			}
		})
	}
}

// TestDrainSurvivesAnything draws the fate of every insert, and crashes the
// process that drains at every point around the calls of the sink, from a seed.
func TestDrainSurvivesAnything(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 2)
			const total = 600
			b.feed(t, 0, total)
			s, random := newDatabase(total), rand.New(rand.NewPCG(seed, 1))
			cfg := b.drain(t, s)
			for n := 0; !s.complete(); n++ {
				ctx, cancel := context.WithCancel(within(t, time.Minute))
				s.mu.Lock()
				s.fate = func() fate {
					if random.IntN(2) == 0 {
						return fate(random.IntN(int(hiddenOK)))
					}
					return taken
				}
				s.crash = func() bool {
					if ctx.Err() == nil && (len(s.rows) == total || random.IntN(8) == 0) {
						cancel()
					}
					return ctx.Err() != nil
				}
				s.mu.Unlock()
				cfg.MaxRecords = 20 + n%7
				if err := Drain(ctx, cfg); err != nil {
					t.Fatal(err)
				}
				cancel()
			}
			s.checkOnce(t, b.contents(t, b.in))
		})
	}
}

func (s *database) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows) >= s.want
}

// TestDrainWithoutAnswer: where the sink cannot be asked, an acknowledged token
// is believed.
func TestDrainWithoutAnswer(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 30)
	s := newDatabase(30)
	s.blind = ErrUnchecked
	first := true
	s.fate = func() fate {
		if first {
			first = false
			return silent
		}
		return taken
	}
	stop := begin(t, func(ctx context.Context) error { return Drain(ctx, b.drain(t, s)) })
	wait(t, s.full, "all rows")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.checkOnce(t, b.contents(t, b.in))
}

// TestDrainGoesOnUnchecked: the sink could be asked, rows were missing, and it
// cannot be asked any more, with the same process or the next one. The rows
// come; those that were there come twice only where nobody knows them.
func TestDrainGoesOnUnchecked(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			b := newBench(t, 1)
			b.feed(t, 0, 30)
			s := newDatabase(30)
			left, again := []fate{refused, hiddenOK, refused}, make(chan struct{})
			s.fate = func() fate {
				if len(left) == 0 {
					return taken
				}
				f := left[0]
				if left = left[1:]; len(left) == 0 {
					s.blind = ErrUnchecked
					close(again)
				}
				return f
			}
			s.crash = func() bool { return restart && len(left) == 0 }
			cfg := b.drain(t, s)
			reg := prometheus.NewRegistry()
			cfg.Metrics = NewMetrics(reg, time.Now)
			stop := begin(t, func(ctx context.Context) error { return Drain(ctx, cfg) })
			wait(t, again, "the insert under the second token")
			if restart {
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				s.crash = func() bool { return false }
				stop = begin(t, func(ctx context.Context) error { return Drain(ctx, cfg) })
			}
			wait(t, s.full, "all rows")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if !restart {
				s.checkOnce(t, b.contents(t, b.in))
			}
			if n := testutil.ToFloat64(cfg.Metrics.readBacks.WithLabelValues(b.group, "unknown")); n < 1 {
				t.Errorf("batches that could not be looked for = %v; want one for each process", n)
			}
		})
	}
}
