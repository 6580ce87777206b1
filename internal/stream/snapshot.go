package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Snapshotter is a Folder whose state can be read instead of folded again. A
// snapshot is a cache of the fold: it is kept in Config.State, and whatever is
// wrong with it, the state is folded from the start of the log instead.
type Snapshotter interface {
	Folder
	// Digest names all that the state depends on besides the records: the
	// version of the program's fold, its settings. Snapshots of another digest
	// are passed over.
	Digest() string
	// Snapshot writes the state. The partition stands still meanwhile.
	Snapshot(w io.Writer) error
	// Restore makes the state what Snapshot wrote. After an error the state is
	// that of a new step.
	Restore(r io.Reader) error
}

// How often the state of a partition is written, and how much of it.
const (
	// DefaultSnapshotEvery is after how many records. A process that is killed
	// folds at most twice as many.
	DefaultSnapshotEvery = 100_000
	// snapshotAfter is after how much time of the log, where fewer records come:
	// a tenth of them will do then.
	snapshotAfter = 10 * time.Minute
	// bytesPerRecord bounds the share of the time that a partition stands still
	// for its snapshots: a state of 24 MB, written in 0.2 s, waits for 750,000
	// records, evaluated in 7 s.
	bytesPerRecord = 32
	// mostState bounds how long it stands still at once. A larger state is not
	// written.
	mostState = 64 << 20
	// handOver is what giving a partition back may cost: a snapshot that is not
	// there by then is left.
	handOver = 800 * time.Millisecond
)

// snapshots are those of one assignment. The goroutine that works on its
// batches owns them, except for what is said.
type snapshots struct {
	a     *assignment
	step  Snapshotter
	store *stateStore
	every int64

	slot   int       // for the next one
	offset int64     // that the last one stands for, which may be on its way
	whole  int64     // that the last one stands for which is written
	logged time.Time // when the log took the record before offset
	size   int64     // of the last one
	floor  int64     // records to wait for at least

	written chan written // of the one on its way; nil: none is. Holds its result.
	kept    []int64      // where the chunks of the last two begin in the state topic
}

// written is what became of a snapshot.
type written struct {
	offset int64
	at     int64 // where it begins in the state topic
	err    error
}

// newSnapshots returns nil when there is nothing or nowhere to write to.
func (a *assignment) newSnapshots(ctx context.Context) *snapshots {
	step, ok := a.step.(Snapshotter)
	if !ok || a.r.cfg.State == "" {
		return nil
	}
	store, err := a.r.stateStore(ctx, a.claim.Topic, a.claim.Partition)
	if err != nil {
		a.log().Warn("no snapshots of the state: it is folded from the start at every assignment; create the topic as `cordon topic create` does",
			"state", a.r.cfg.State, "err", err)
		return nil
	}
	every := int64(a.r.cfg.snapshotEvery)
	if every == 0 {
		every = DefaultSnapshotEvery
	}
	return &snapshots{a: a, step: step, store: store, every: every}
}

// restore brings the step to the newest snapshot that fits, and returns the
// offset from which to fold: 0 if there was none. from is where in the state
// topic to look, oldest the first record of the partition.
func (s *snapshots) restore(ctx context.Context, from, oldest int64) int64 {
	log := s.a.log()
	want := wanted{digest: s.step.Digest(), oldest: oldest, newest: s.a.claim.Start}
	found, err := s.store.find(ctx, from, want)
	if err != nil {
		s.unusable("state topic cannot be read", err)
		return 0
	}
	for why, n := range found.refused {
		log.Info("snapshots of the state passed over", "reason", why, "chunks", n)
	}
	if found.best == nil {
		s.a.r.cfg.Metrics.states().snapshot(s.a.r.cfg.Group, "none")
		return 0
	}
	if err := s.step.Restore(bytes.NewReader(found.best.state())); err != nil {
		s.unusable("snapshot cannot be restored", err)
		return 0
	}
	s.whole = found.best.head.Offset
	s.offset, s.size, s.slot = found.best.head.Offset, found.best.head.Size, 1-found.best.slot
	s.floor = s.size / bytesPerRecord
	s.kept = []int64{found.best.begin}
	s.a.r.cfg.Metrics.states().snapshot(s.a.r.cfg.Group, "restored")
	log.Info("state restored from a snapshot", "offset", s.offset, "bytes", s.size, "left", s.a.claim.Start-s.offset)
	return s.offset
}

// unusable says why the state is folded from the start.
func (s *snapshots) unusable(what string, err error) {
	s.a.r.cfg.Metrics.states().snapshot(s.a.r.cfg.Group, "unusable")
	s.a.log().Warn(what+"; the state is folded from the start of the partition", "err", err)
}

// mark is where in the state topic to look for the snapshots that are worth it.
func (s *snapshots) mark() (int64, bool) {
	if s == nil || len(s.kept) == 0 {
		return 0, false
	}
	return s.kept[0], true
}

// after is called when the state stands at offset next; last is the time of the
// record before it.
func (s *snapshots) after(next int64, last time.Time) {
	if s == nil {
		return
	}
	s.collect()
	if s.logged.IsZero() {
		s.logged = last
	}
	n := next - s.offset
	due := n >= max(s.every, s.floor) || n >= max(s.every/10, s.floor) && last.Sub(s.logged) >= snapshotAfter
	if !due || s.written != nil {
		return
	}
	state, ok := s.take(next, last)
	if !ok {
		return
	}
	s.start(s.a.ctx, s.head(next, state), state, last)
}

// start begins to write state. Nobody who gives the partition back waits for
// that longer than handOver: a request to a broker that hangs outlives ctx.
func (s *snapshots) start(ctx context.Context, h head, state []byte, logged time.Time) {
	done := make(chan written, 1)
	s.written = done
	s.a.r.writers.Go(func() { done <- s.put(ctx, h, state, logged) })
}

// await waits for the snapshot that is on its way, and reports false if ctx has
// ended before.
func (s *snapshots) await(ctx context.Context) bool {
	if s.written == nil {
		return true
	}
	select {
	case w := <-s.written:
		s.written = nil
		s.account(w)
		return true
	case <-ctx.Done():
		return false
	}
}

// take writes the state to memory.
func (s *snapshots) take(next int64, last time.Time) ([]byte, bool) {
	m := s.a.r.cfg.Metrics
	began := m.clock()
	buf := &boundedBuffer{most: mostState}
	buf.Grow(int(s.size + s.size/8))
	err := s.step.Snapshot(buf)
	m.states().paused(s.a.r.cfg.Group, m.clock().Sub(began))
	s.offset, s.logged = next, last
	if err != nil {
		s.floor = 10 * s.every
		outcome := "failed"
		if errors.Is(err, errTooLarge) {
			outcome = "too_large"
		}
		m.states().snapshot(s.a.r.cfg.Group, outcome)
		s.a.log().Warn("state not written; whoever takes the partition over folds it from the start", "err", err)
		return nil, false
	}
	s.size = int64(buf.Len())
	s.floor = s.size / bytesPerRecord
	return buf.Bytes(), true
}

func (s *snapshots) head(next int64, state []byte) head {
	h := newHead(s.step.Digest(), next, state)
	h.Slot = s.slot
	return h
}

func (s *snapshots) put(ctx context.Context, h head, state []byte, logged time.Time) written {
	at, err := s.store.write(ctx, h, state, logged, s.a.publish)
	return written{offset: h.Offset, at: at, err: err}
}

// collect takes the result of the snapshot that was on its way, if it is there.
func (s *snapshots) collect() {
	if s.written == nil {
		return
	}
	select {
	case w := <-s.written:
		s.written = nil
		s.account(w)
	default:
	}
}

func (s *snapshots) account(w written) {
	m, group := s.a.r.cfg.Metrics, s.a.r.cfg.Group
	if w.err != nil {
		m.states().snapshot(group, "failed")
		s.a.log().Warn("snapshot of the state not written", "offset", w.offset, "err", w.err)
		return // the next one goes to the same slot, the other is whole
	}
	s.whole, s.slot = w.offset, 1-s.slot
	m.states().snapshot(group, "written")
	m.states().sized(group, s.a.claim.Topic, s.a.claim.Partition, s.size)
	s.kept = append(s.kept, w.at)
	if len(s.kept) > 2 {
		s.kept = s.kept[len(s.kept)-2:]
	}
	s.a.log().Debug("state written", "offset", w.offset, "bytes", s.size, "at", w.at)
}

// last writes the state when the partition is given back, so that the next
// owner has nothing to fold, and reports whether it did.
func (s *snapshots) last(ctx context.Context, next int64) bool {
	if s == nil {
		return false
	}
	if !s.await(ctx) {
		return false
	}
	if next == s.whole {
		return false // it is there
	}
	if s.a.lease() != nil {
		return false // somebody else may be at it already
	}
	state, ok := s.take(next, s.logged)
	if !ok {
		return false
	}
	s.start(ctx, s.head(next, state), state, s.logged)
	return s.await(ctx) && s.whole == next
}

var errTooLarge = errors.New("too large")

// boundedBuffer is a buffer that refuses more than most bytes.
type boundedBuffer struct {
	bytes.Buffer
	most int
}

// Write implements io.Writer.
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		return 0, fmt.Errorf("%w: more than %d bytes", errTooLarge, b.most)
	}
	return b.Buffer.Write(p)
}
