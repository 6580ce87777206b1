package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// tally is a step whose outputs depend on all records before: it chains their
// hashes. A state that is not the fold of the log shows in the next output.
type tally struct {
	out    string
	digest string
	pad    int   // bytes that its state has on top
	bad    error // of Restore

	n        int64
	chain    [32]byte
	folded   int
	restored int64 // n after Restore
}

func (s *tally) take(in cordon.Record) {
	s.n++
	s.chain = sha256.Sum256(append(s.chain[:], in.Value...))
}

func (s *tally) Apply(_ context.Context, in cordon.Record) ([]Output, error) {
	s.take(in)
	return []Output{{s.out, cordon.Record{
		Key: in.Key, Value: fmt.Appendf(nil, "%d %x", s.n, s.chain[:4]),
		Headers: []cordon.Header{{Key: cordon.HeaderID, Value: in.Position.String()}},
	}}}, nil
}

func (s *tally) Fold(_ context.Context, in cordon.Record) error {
	s.take(in)
	s.folded++
	return nil
}

func (s *tally) Digest() string { return s.digest }

func (s *tally) Snapshot(w io.Writer) error {
	b := binary.BigEndian.AppendUint64(s.chain[:], uint64(s.n))
	_, err := w.Write(append(b, make([]byte, s.pad)...))
	return err
}

func (s *tally) Restore(r io.Reader) error {
	if s.bad != nil {
		return s.bad
	}
	b, err := io.ReadAll(r)
	if err != nil || len(b) != 40+s.pad {
		return fmt.Errorf("%d bytes, %w", len(b), err)
	}
	copy(s.chain[:], b)
	s.n = int64(binary.BigEndian.Uint64(b[32:]))
	s.restored = s.n
	return nil
}

// stateBench runs tallies over a partition, one after the other.
type stateBench struct {
	*bench
	state string
	cfg   Config
	proto tally // what the next step is made of

	mu    sync.Mutex
	steps []*tally
	fed   int
}

func newStateBench(t *testing.T) *stateBench {
	b := &stateBench{bench: newBench(t, 1)}
	b.state = b.group + ".state"
	kafkatest.Create(t, b.bench.cfg, wkafka.TopicSpec{Name: b.state, Partitions: 3, Config: map[string]string{"cleanup.policy": "compact"}})
	b.cfg = b.config(t, nil)
	b.cfg.State, b.cfg.MaxRecords, b.cfg.snapshotEvery = b.state, 10, 50
	b.proto = tally{out: b.out, digest: "v1"}
	b.cfg.Open = func(context.Context, *Claim) (Step, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		s := b.proto
		b.steps = append(b.steps, &s)
		return &s, nil
	}
	return b
}

// more feeds n records, runs until all outputs are there, stops in order, and
// returns the step that did it.
func (b *stateBench) more(t *testing.T, n int) *tally {
	t.Helper()
	b.feed(t, b.fed, n)
	b.fed += n
	arrived := b.follow(t, b.out, b.fed)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, b.cfg) })
	wait(t, arrived, "outputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return b.last()
}

// crash feeds n records and ends between append and commit of batch after.
func (b *stateBench) crash(t *testing.T, n, after int) *tally {
	t.Helper()
	b.feed(t, b.fed, n)
	b.fed += n
	var batches atomic.Int64
	err := run(within(t, 60*time.Second), b.cfg, func() error {
		if batches.Add(1) > int64(after) {
			return errCrash
		}
		return nil
	})
	if !errors.Is(err, errCrash) {
		t.Fatalf("run = %v; want the crash", err)
	}
	return b.last()
}

func (b *stateBench) last() *tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.steps[len(b.steps)-1]
}

// check compares the outputs with those of a step that saw everything.
func (b *stateBench) check(t *testing.T) {
	t.Helper()
	whole := tally{out: b.out}
	var want []string
	for _, in := range b.contents(t, b.in) {
		outs, _ := whole.Apply(t.Context(), in)
		want = append(want, string(outs[0].Record.Value))
	}
	var got []string
	for _, r := range b.contents(t, b.out) {
		got = append(got, string(r.Value))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outputs differ from those of a step that was never interrupted (-want +got):\n%s", d)
	}
}

// A partition that is given back in order is taken up without folding; one
// whose owner was killed is folded from the newest snapshot that is not ahead
// of the commit.
func TestSnapshots(t *testing.T) {
	b := newStateBench(t)
	b.more(t, 35)
	if s := b.more(t, 10); s.folded != 0 || s.restored != 35 {
		t.Errorf("after a clean stop: restored %d records, folded %d; want 35 and none", s.restored, s.folded)
	}
	b.crash(t, 500, 22) // batches of at most 10
	s := b.more(t, 0)
	if s.restored < 45 || s.folded > 2*50+20 {
		t.Errorf("after a crash: restored %d records, folded %d; want at least 45, and at most two intervals of 50 folded", s.restored, s.folded)
	}
	b.check(t)
}

// Crashes at every batch leave the same outputs as none.
func TestSnapshotsCrashAfterCrash(t *testing.T) {
	b := newStateBench(t)
	b.cfg.snapshotEvery = 20
	for i := range 8 {
		b.crash(t, 30, i%4)
	}
	b.more(t, 5)
	b.check(t)
}

// A state of several chunks, over a mark that the metadata of the commit holds.
func TestSnapshotOfManyChunks(t *testing.T) {
	b := newStateBench(t)
	b.proto.pad = 3*chunkBytes + 17
	b.cfg.snapshotEvery = 100_000 // the share of time has no say
	reg := prometheus.NewRegistry()
	b.cfg.Metrics = NewMetrics(reg, time.Now)
	b.more(t, 20)
	if s := b.more(t, 20); s.folded != 0 || s.restored != 20 {
		t.Errorf("restored %d records, folded %d; want 20 and none", s.restored, s.folded)
	}
	b.check(t)
	for outcome, want := range map[string]float64{"none": 1, "restored": 1, "written": 2} {
		if got := testutil.ToFloat64(cfgState(b).snapshots.WithLabelValues(b.group, outcome)); got != want {
			t.Errorf("snapshots %s = %v; want %v", outcome, got, want)
		}
	}
	_, meta, err := kafkatest.Committed(t.Context(), b.bench.cfg, b.group, b.in, 0)
	if err != nil {
		t.Fatal(err)
	}
	m, err := decodeMarks(meta)
	if at := m.takeState(); err != nil || at != 0 { // the first snapshot is kept beside the second
		t.Errorf("snapshots begin at %d, %v; want 0", at, err)
	}
}

func cfgState(b *stateBench) *stateMetrics { return b.cfg.Metrics.states() }

func TestStateTooLargeIsNotWritten(t *testing.T) {
	b := newStateBench(t)
	b.proto.pad = mostState
	b.cfg.Metrics = NewMetrics(prometheus.NewRegistry(), time.Now)
	b.more(t, 100)
	if got := testutil.ToFloat64(cfgState(b).snapshots.WithLabelValues(b.group, "too_large")); got == 0 {
		t.Error("no snapshot was too large")
	}
	if s := b.more(t, 10); s.folded != 100 || s.restored != 0 {
		t.Errorf("restored %d records, folded %d; want none and 100", s.restored, s.folded)
	}
	b.check(t)
}

// put appends chunks to the state topic as somebody else would have.
func (b *stateBench) put(t *testing.T, h head, state []byte, change func([]wkafka.Record) []wkafka.Record) {
	t.Helper()
	store := &stateStore{topic: b.state, of: 3, prefix: fmt.Sprintf("%s/%s/%d/", b.group, b.in, 0)}
	pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: b.bench.cfg, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	_, err = store.write(t.Context(), h, state, time.Now(), func(ctx context.Context, topic string, recs []wkafka.Record) ([]wkafka.Appended, error) {
		if change != nil {
			recs = change(recs)
		}
		return pub.Append(ctx, topic, recs)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// at is the state after the first n records.
func (b *stateBench) at(t *testing.T, n int64) []byte {
	t.Helper()
	s := tally{out: b.out, pad: b.proto.pad}
	if _, err := Replay(t.Context(), b.bench.cfg, b.in, 0, 0, n, func(in cordon.Record) error {
		s.take(in)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := s.Snapshot(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// Whatever stands in the state topic, the state is that of the log.
func TestUnusableSnapshots(t *testing.T) {
	wrong := []byte("not the state of anything, though whole and with the right hash")
	tests := []struct {
		name string
		do   func(t *testing.T, b *stateBench)
		want int64 // restored
	}{
		{"none", func(*testing.T, *stateBench) {}, 0},
		{"of another digest", func(t *testing.T, b *stateBench) { b.put(t, newHead("v2", 20, b.at(t, 20)), b.at(t, 20), nil) }, 0},
		{"ahead of the commit", func(t *testing.T, b *stateBench) { b.put(t, newHead("v1", 41, b.at(t, 40)), b.at(t, 40), nil) }, 0},
		{"a zombie's, late", func(t *testing.T, b *stateBench) {
			b.put(t, newHead("v1", 30, b.at(t, 30)), b.at(t, 30), nil)
			for slot := range 2 {
				h := newHead("v1", 10, b.at(t, 10))
				h.Slot = slot
				b.put(t, h, b.at(t, 10), nil)
			}
		}, 30},
		{"a zombie's, alone", func(t *testing.T, b *stateBench) { b.put(t, newHead("v1", 10, b.at(t, 10)), b.at(t, 10), nil) }, 10},
		{"refused by the step", func(t *testing.T, b *stateBench) { b.put(t, newHead("v1", 30, wrong), wrong, nil) }, 0},
		{"without its last chunk", func(t *testing.T, b *stateBench) {
			b.put(t, newHead("v1", 30, b.at(t, 30)), b.at(t, 30), func(recs []wkafka.Record) []wkafka.Record { return recs[:len(recs)-1] })
		}, 0},
		{"with a damaged chunk", func(t *testing.T, b *stateBench) {
			b.put(t, newHead("v1", 30, b.at(t, 30)), b.at(t, 30), func(recs []wkafka.Record) []wkafka.Record {
				recs[1].Value[len(recs[1].Value)-1] ^= 1
				return recs
			})
		}, 0},
		{"garbage", func(t *testing.T, b *stateBench) {
			b.put(t, newHead("v1", 30, b.at(t, 30)), b.at(t, 30), func(recs []wkafka.Record) []wkafka.Record {
				for i := range recs {
					recs[i].Value = []byte("cst1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01{")
				}
				return recs
			})
		}, 0},
		{"two written over each other", func(t *testing.T, b *stateBench) {
			b.put(t, newHead("v1", 30, b.at(t, 30)), b.at(t, 30), func(recs []wkafka.Record) []wkafka.Record { return recs[:1] })
			b.put(t, newHead("v1", 20, b.at(t, 20)), b.at(t, 20), nil)
		}, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newStateBench(t)
			b.proto.pad = chunkBytes
			b.cfg.State = ""
			b.more(t, 40)
			b.cfg.State = b.state
			tt.do(t, b)
			s := b.more(t, 10)
			if s.restored != tt.want || int64(s.folded) != 40-tt.want {
				t.Errorf("restored %d records, folded %d; want %d and the rest of 40", s.restored, s.folded, tt.want)
			}
			b.check(t)
		})
	}
}

func TestRestoreFailsIsNoFailure(t *testing.T) {
	b := newStateBench(t)
	b.more(t, 40)
	b.proto.bad = errors.New("does not want")
	if s := b.more(t, 10); s.folded != 40 {
		t.Errorf("folded %d records; want all 40", s.folded)
	}
	b.check(t)
}

// Records between the snapshot and the commit that retention has removed cannot
// be folded: then the state is that of the records that are left.
func TestSnapshotBeforeTheStartOfTheLog(t *testing.T) {
	b := newStateBench(t)
	b.cfg.State = ""
	b.more(t, 40)
	b.cfg.State = b.state
	b.put(t, newHead("v1", 20, b.at(t, 20)), b.at(t, 20), nil)
	kafkatest.DeleteRecords(t, b.bench.cfg, b.in, 0, 25)
	if s := b.more(t, 10); s.restored != 0 || s.folded != 15 {
		t.Errorf("restored %d records, folded %d; want none and the 15 that are left", s.restored, s.folded)
	}
}

// Without its topic there are no snapshots, and nothing else is different.
func TestNoStateTopic(t *testing.T) {
	b := newStateBench(t)
	b.cfg.State = b.state + ".missing"
	b.more(t, 40)
	if s := b.more(t, 10); s.folded != 40 {
		t.Errorf("folded %d records; want all 40", s.folded)
	}
	b.check(t)
}

func TestChunks(t *testing.T) {
	for _, n := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3*chunkBytes + 5} {
		state := bytes.Repeat([]byte("x"), n)
		h := newHead("d", 7, state)
		g := &gathered{head: h.identity(), parts: make([][]byte, h.Chunks)}
		for h.Chunk = range h.Chunks {
			b, err := h.encode(state)
			if err != nil || len(b) > chunkBytes+mostHead {
				t.Fatalf("encode(%d of %d) = %d bytes, %v", h.Chunk, n, len(b), err)
			}
			got, part, err := decodeChunk(b)
			if d := cmp.Diff(h, got); err != nil || d != "" {
				t.Fatalf("decodeChunk(encode()) = %v; differs (-want +got):\n%s", err, d)
			}
			if _, _, err := decodeChunk(b[:len(b)-1]); n > 0 && err == nil {
				t.Errorf("decodeChunk of a chunk that lacks a byte = nil; want an error")
			}
			g.add(got, part)
		}
		if !g.whole() || !g.sound() || !bytes.Equal(g.state(), state) {
			t.Errorf("state of %d bytes does not survive", n)
		}
	}
}

func FuzzDecodeChunk(f *testing.F) {
	b, _ := newHead("d", 7, []byte("state")).encode([]byte("state"))
	f.Add(b)
	f.Add([]byte("cst1\x02{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, part, err := decodeChunk(b)
		if err == nil && (h.Chunk >= h.Chunks || int64(len(part)) > h.Size) {
			t.Errorf("decodeChunk(%q) = %+v with %d bytes", b, h, len(part))
		}
	})
}

// The keys of all chunks lead to one partition, and a chunk always has the same.
func TestStateKeys(t *testing.T) {
	for partition := range 64 {
		s := &stateStore{of: 64, partition: partition, prefix: fmt.Sprintf("g/t/%d/", partition)}
		for chunk := range 5 {
			if got := wkafka.PartitionOf(s.key(1, chunk), 64); got != partition {
				t.Errorf("key(1, %d) leads to partition %d; want %d", chunk, got, partition)
			}
		}
	}
	if sum := sha256.Sum256((&stateStore{of: 12, partition: 5, prefix: "g/t/5/"}).key(0, 0)); hex.EncodeToString(sum[:4]) != "28119f6e" {
		t.Errorf("the key of a chunk has changed: its hash begins with %x", sum[:4])
	}
}

// A clean stop with the state of a fleet of 330 devices (1.2 MB, see
// e2e/detection) hands over within a second, and the next owner begins as fast.
func TestHandOverIsQuick(t *testing.T) {
	b := newStateBench(t)
	b.proto.pad = 1200 << 10
	b.feed(t, 0, 100)
	arrived := b.follow(t, b.out, 100)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, b.cfg) })
	wait(t, arrived, "outputs")
	began := time.Now()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stopped := time.Since(began)
	b.fed = 100
	b.feed(t, b.fed, 1)
	arrived = b.follow(t, b.out, 101)
	began = time.Now()
	begin(t, func(ctx context.Context) error { return Run(ctx, b.cfg) })
	wait(t, arrived, "the next output")
	resumed := time.Since(began)
	t.Logf("stopped in %s, went on after %s", stopped, resumed)
	if stopped > time.Second || resumed > 2*time.Second || b.last().restored != 100 {
		t.Errorf("stopped in %s, went on after %s with %d records restored; want 1 s, 2 s and 100", stopped, resumed, b.last().restored)
	}
}

// A snapshot that fails leaves the whole one alone, and so does the next one;
// what it stood for is not taken to be there.
func TestFailedSnapshotKeepsTheWholeOne(t *testing.T) {
	s := &snapshots{step: &tally{}, a: &assignment{r: &runner{cfg: Config{Log: logTo(t)}}, claim: &wkafka.Claim{}}}
	for _, put := range []struct {
		offset      int64
		err         error
		slot        int
		whole, mark int64
	}{
		{10, nil, 0, 10, 100},
		{20, errCrash, 1, 10, 100},
		{30, errCrash, 1, 10, 100},
		{40, nil, 1, 40, 100},
		{50, nil, 0, 50, 400},
	} {
		if h := s.head(put.offset, nil); h.Slot != put.slot {
			t.Errorf("the snapshot of offset %d goes to slot %d; want %d", put.offset, h.Slot, put.slot)
		}
		s.account(written{offset: put.offset, at: 10 * put.offset, err: put.err})
		if at, _ := s.mark(); s.whole != put.whole || at != put.mark {
			t.Errorf("after the snapshot of offset %d, %v: that of %d is whole, they begin at %d; want %d and %d", put.offset, put.err, s.whole, at, put.whole, put.mark)
		}
	}
}

// A snapshot that is on its way to a broker that hangs holds up nobody who gives
// the partition back for longer than that may take.
func TestHandOverDoesNotWaitForAHangingBroker(t *testing.T) {
	a := &assignment{r: &runner{cfg: Config{Log: logTo(t)}, progress: newProgress(nil)}, claim: &wkafka.Claim{}}
	a.ctx, a.cancel = context.WithCancel(t.Context())
	a.snaps = &snapshots{a: a, step: &tally{}, written: make(chan written)}
	a.next = 10
	began := time.Now()
	a.close()
	if took := time.Since(began); took < handOver || took > handOver+2*time.Second {
		t.Errorf("close took %s while a snapshot was on its way; want %s", took, handOver)
	}
}
