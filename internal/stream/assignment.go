package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Claim is a partition that this process has been assigned.
type Claim struct {
	Topic     string
	Partition int
	Start     int64 // offset of the first record that Apply will see
	Committed bool  // whether the group has been here before

	a *assignment
}

// Go runs f in a goroutine that belongs to the assignment: ctx ends when the
// partition is taken away, and the group gives it to nobody before f has
// returned. An error of f, unless ctx has ended, stops the service.
func (c *Claim) Go(f func(ctx context.Context) error) {
	c.a.wg.Go(func() {
		if err := f(c.a.ctx); err != nil && c.a.ctx.Err() == nil {
			c.a.r.fail(fmt.Errorf("%s/%d: %w", c.Topic, c.Partition, err))
		}
	})
}

// Replay is the function Replay for a partition that the state of the step is
// folded from, with its progress shown as that of this partition.
func (c *Claim) Replay(ctx context.Context, topic string, partition int, from, until int64, f func(cordon.Record) error) (int64, error) {
	if until < 0 {
		end, err := wkafka.EndOffset(ctx, c.a.r.cfg.Kafka, topic, partition)
		if err != nil {
			return 0, err
		}
		until = end
	}
	return c.a.replay(ctx, topic, partition, from, until, f)
}

// assignment is a partition, its step and what is known about its outputs.
type assignment struct {
	r      *runner
	claim  *wkafka.Claim
	ctx    context.Context // ends with the assignment
	cancel context.CancelFunc
	wg     sync.WaitGroup // of Claim.Go
	step   Step
	inHand *inHand

	stateAt int64 // where in the state topic to look for snapshots

	showing sync.Mutex // readings go on beside each other
	left    int64      // records that are to be read before it begins, in all of them

	// mu is held while a batch is worked on; close waits for it.
	mu     sync.Mutex
	closed bool
	torn   bool  // a batch was begun and not finished: the state is ahead of next
	next   int64 // offset that is committed, or will be when the batch in hand is done
	marks  marks // as committed with next
	seen   seen
	snaps  *snapshots // nil: the state is not written
}

func newAssignment(ctx context.Context, r *runner, c *wkafka.Claim) (*assignment, error) {
	m, err := decodeMarks(c.Metadata)
	if err != nil {
		return nil, fmt.Errorf("%s/%d: %w", c.Topic, c.Partition, err)
	}
	a := &assignment{r: r, claim: c, next: c.Start, stateAt: m.takeState(), marks: m, seen: seen{}, inHand: newInHand()}
	a.ctx, a.cancel = context.WithCancel(ctx)
	for topic := range m {
		r.horizon.note(topic, nil)
	}
	return a, nil
}

func (a *assignment) log() *slog.Logger {
	return a.r.cfg.Log.With("group", a.r.cfg.Group, "topic", a.claim.Topic, "partition", a.claim.Partition)
}

// prepare opens the step, folds what came before, and then looks for outputs
// whose inputs were not committed: the later, the more of what the owner before
// has sent is there.
func (a *assignment) prepare() error {
	c := &Claim{Topic: a.claim.Topic, Partition: a.claim.Partition, Start: a.claim.Start, Committed: a.claim.Committed, a: a}
	step, err := a.r.cfg.Open(a.ctx, c)
	if err != nil {
		return fmt.Errorf("open %s/%d: %w", c.Topic, c.Partition, err)
	}
	a.step = step
	if f, ok := step.(Folder); ok {
		if err := a.fold(f); err != nil {
			return fmt.Errorf("fold %s/%d: %w", c.Topic, c.Partition, err)
		}
	}
	return a.lookBack()
}

// fold brings the state up to the first record to apply: from a snapshot or
// from the oldest record on.
func (a *assignment) fold(f Folder) error {
	oldest, err := wkafka.StartOffset(a.ctx, a.r.cfg.Kafka, a.claim.Topic, a.claim.Partition)
	if err != nil {
		return err
	}
	from := oldest
	if a.snaps = a.newSnapshots(a.ctx); a.snaps != nil {
		from = max(from, a.snaps.restore(a.ctx, a.stateAt, oldest))
	}
	defer a.inHand.offset.Store(noRecord)
	_, err = a.replay(a.ctx, a.claim.Topic, a.claim.Partition, from, a.claim.Start, func(in cordon.Record) error {
		_, err := a.guard(&in, func() ([]Output, error) { return nil, f.Fold(a.ctx, in) })
		var rejected *RejectError
		if errors.As(err, &rejected) {
			return nil // it was rejected when it was applied
		}
		return err
	})
	return err
}

// replay is Replay with its progress shown.
func (a *assignment) replay(ctx context.Context, topic string, partition int, from, until int64, f func(cordon.Record) error) (int64, error) {
	show := a.reads("state", max(from, 0), until)
	defer show.done()
	return Replay(ctx, a.r.cfg.Kafka, topic, partition, from, until, func(in cordon.Record) error {
		show.at(in.Position.Offset)
		return f(in)
	})
}

// lookBack is rescan, unless no record came since the last commit: then there
// are no outputs of any, however far the output topics have grown meanwhile.
func (a *assignment) lookBack() error {
	end, err := wkafka.EndOffset(a.ctx, a.r.cfg.Kafka, a.claim.Topic, a.claim.Partition)
	if err != nil || end <= a.next {
		return err
	}
	return a.rescan(a.ctx)
}

// rescan reads which outputs of inputs at or after next are in the log. It
// reads what the whole group has appended since next was committed.
func (a *assignment) rescan(ctx context.Context) error {
	a.seen = seen{}
	in := cordon.Position{Topic: a.claim.Topic, Partition: a.claim.Partition, Offset: a.next}
	if err := a.scan(ctx, in); err != nil {
		return err
	}
	if len(a.seen) > 0 {
		a.r.cfg.Log.Info("outputs of uncommitted records found; they will not be appended again",
			"input", in.String(), "outputs", len(a.seen))
	}
	return nil
}

// close ends the assignment's goroutines, waits for them and for the batch in
// hand, and leaves the state to the next owner.
func (a *assignment) close() {
	a.cancel()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.wg.Wait()
	a.handOver()
	if c, ok := a.step.(io.Closer); ok {
		if err := c.Close(); err != nil {
			a.log().Warn("close step", "err", err)
		}
	}
	cfg := &a.r.cfg
	cfg.Metrics.released(cfg.Group, a.claim.Topic, a.claim.Partition)
	cfg.Metrics.states().released(cfg.Group, a.claim.Topic, a.claim.Partition)
	a.r.progress.set(a.claim.Topic, a.claim.Partition, 0)
}

// handOver writes the state and commits where it is. It is only a matter of
// speed: whoever finds none folds.
func (a *assignment) handOver() {
	if a.torn {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), handOver)
	defer cancel()
	if !a.snaps.last(ctx, a.next) {
		return
	}
	a.raise()
	if err := a.claim.Commit(ctx, a.next, a.metadata()); err != nil && !errors.Is(err, wkafka.ErrFenced) {
		a.log().Warn("cannot commit where the state is; the next owner searches for it", "err", err)
	}
}

// metadata is what is committed with next.
func (a *assignment) metadata() string {
	at, ok := a.snaps.mark()
	if !ok {
		return a.marks.encode()
	}
	return a.marks.withState(at).encode()
}

// batch applies the step to all records of d, makes the outputs durable, and
// sets what is committed with the offset.
func (a *assignment) batch(ctx context.Context, d *wkafka.Delivery) (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.torn {
		return errAbandoned
	}
	a.torn = true
	recs := fromKafka(d.Batch.Records)
	span := a.r.cfg.Traces.Batch(ctx, a.r.cfg.Service, recs)
	defer func() { span.End(err) }()
	ctx = span.Context(ctx)
	outs := outputs{span: span}
	if err := a.applyAll(ctx, recs, &outs); err != nil {
		return err
	}
	if err := a.append(ctx, &outs); err != nil {
		return err
	}
	if a.r.appended != nil {
		if err := a.r.appended(); err != nil {
			return err
		}
	}
	a.torn = false
	a.settle(d.Batch.Last() + 1)
	a.snaps.after(a.next, recs[len(recs)-1].Time)
	d.SetMetadata(a.metadata())
	a.r.cfg.Metrics.done(a.r.cfg.Group, d)
	return nil
}

// settle notes that all before next is done with.
func (a *assignment) settle(next int64) {
	a.next = next
	a.seen.forget(next)
	a.raise()
}

// raise moves the marks up to what is known of the ends of the output topics:
// nothing that follows from next or a later input is there yet.
func (a *assignment) raise() {
	if len(a.seen) > 0 {
		// Outputs of later inputs are in the log. Other partitions of this
		// process append to the same topics, so that the ends it knows of may
		// lie beyond them.
		return
	}
	for topic := range a.marks {
		a.marks.raise(topic, a.r.pub.End(topic))
		a.marks.raise(topic, a.r.horizon.of(topic))
	}
}
