package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
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

// assignment is a partition, its step and what is known about its outputs.
type assignment struct {
	r      *runner
	claim  *wkafka.Claim
	ctx    context.Context // ends with the assignment
	cancel context.CancelFunc
	wg     sync.WaitGroup // of Claim.Go
	step   Step

	// mu is held while a batch is worked on; close waits for it.
	mu     sync.Mutex
	closed bool
	next   int64 // offset that is committed, or will be when the batch in hand is done
	marks  marks // as committed with next
	seen   seen
}

func newAssignment(ctx context.Context, r *runner, c *wkafka.Claim) (*assignment, error) {
	m, err := decodeMarks(c.Metadata)
	if err != nil {
		return nil, fmt.Errorf("%s/%d: %w", c.Topic, c.Partition, err)
	}
	a := &assignment{r: r, claim: c, next: c.Start, marks: m, seen: seen{}}
	a.ctx, a.cancel = context.WithCancel(ctx)
	return a, nil
}

// prepare opens the step, folds what came before, and looks for outputs whose
// inputs were not committed.
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
	return a.rescan(a.ctx)
}

// fold gives f every record of the partition before the first one to apply.
func (a *assignment) fold(f Folder) error {
	_, err := Replay(a.ctx, a.r.cfg.Kafka, a.claim.Topic, a.claim.Partition, 0, a.claim.Start, func(in cordon.Record) error {
		_, err := a.guard(in, func() ([]Output, error) { return nil, f.Fold(a.ctx, in) })
		var rejected *RejectError
		if errors.As(err, &rejected) {
			return nil // it was rejected when it was applied
		}
		return err
	})
	return err
}

// rescan reads which outputs of inputs at or after next are in the log.
func (a *assignment) rescan(ctx context.Context) error {
	a.seen = seen{}
	in := cordon.Position{Topic: a.claim.Topic, Partition: a.claim.Partition, Offset: a.next}
	for topic, offs := range a.marks {
		if err := a.seen.scan(ctx, a.r.cfg.Kafka, topic, offs, in); err != nil {
			return err
		}
	}
	if len(a.seen) > 0 {
		a.r.cfg.Log.Info("outputs of uncommitted records found; they will not be appended again",
			"input", in.String(), "outputs", len(a.seen))
	}
	return nil
}

// close ends the assignment's goroutines and waits for them and for the batch
// in hand.
func (a *assignment) close() {
	a.cancel()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.wg.Wait()
	if c, ok := a.step.(io.Closer); ok {
		if err := c.Close(); err != nil {
			a.r.cfg.Log.Warn("close step", "topic", a.claim.Topic, "partition", a.claim.Partition, "err", err)
		}
	}
	a.r.cfg.Metrics.released(a.r.cfg.Group, a.claim.Topic, a.claim.Partition)
}

// batch applies the step to all records of d, makes the outputs durable, and
// sets what is committed with the offset.
func (a *assignment) batch(ctx context.Context, d *wkafka.Delivery) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errAbandoned
	}
	var outs outputs
	for _, in := range fromKafka(d.Batch.Records) {
		if err := a.apply(ctx, in, &outs); err != nil {
			return err
		}
	}
	if err := a.append(ctx, &outs); err != nil {
		return err
	}
	if a.r.appended != nil {
		if err := a.r.appended(); err != nil {
			return err
		}
	}
	for topic := range a.marks {
		a.marks.raise(topic, a.r.pub.End(topic))
	}
	a.next = d.Batch.Last() + 1
	d.SetMetadata(a.marks.encode())
	a.r.cfg.Metrics.done(a.r.cfg.Group, d)
	return nil
}

// apply adds to outs what follows from in and is not in the log.
func (a *assignment) apply(ctx context.Context, in cordon.Record, outs *outputs) error {
	made, err := a.guard(in, func() ([]Output, error) { return a.step.Apply(ctx, in) })
	var rejected *RejectError
	if errors.As(err, &rejected) && a.r.cfg.Rejected != "" {
		made, err = a.reject(in, rejected)
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", in.Position, err)
	}
	if len(made) == 0 {
		return nil
	}
	at := in.Position.String()
	for _, o := range made {
		id := o.Record.Header(cordon.HeaderID)
		if id == "" {
			return fmt.Errorf("record %s: output to %s has no %s header", in.Position, o.Topic, cordon.HeaderID)
		}
		if len(a.seen) > 0 && a.seen.take(o.Topic, in.Position.Offset, id) {
			a.r.cfg.Metrics.skip(a.r.cfg.Group, o.Topic)
			continue
		}
		outs.add(o, in, at, id)
	}
	return nil
}

// reject makes the record for the rejected topic.
func (a *assignment) reject(in cordon.Record, why *RejectError) ([]Output, error) {
	detail := ""
	if why.Err != nil {
		detail = why.Err.Error()
	}
	rec, err := cordon.NewRejected(in, a.r.cfg.Service, why.Reason, detail, why.Mapper).Record()
	if err != nil {
		return nil, err
	}
	a.r.cfg.Metrics.reject(a.r.cfg.Group, why.Reason)
	return []Output{{Topic: a.r.cfg.Rejected, Record: rec}}, nil
}

// guard calls f and turns a panic into the rejection of in.
func (a *assignment) guard(in cordon.Record, f func() ([]Output, error)) (out []Output, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.r.cfg.Log.Error("step panicked; the record is rejected", "record", in.Position.String(), "panic", p, "stack", string(debug.Stack()))
			out, err = nil, &RejectError{Reason: "panic", Err: fmt.Errorf("%v", p)}
		}
	}()
	return f()
}

// append makes outs durable. When it is not known whether records were
// appended, the log is asked.
func (a *assignment) append(ctx context.Context, outs *outputs) error {
	for _, topic := range outs.topics {
		if err := a.announce(ctx, topic); err != nil {
			return err
		}
		for {
			recs := outs.records(topic)
			_, err := a.r.pub.Append(ctx, topic, recs)
			if err == nil {
				a.r.cfg.Metrics.appended(a.r.cfg.Group, topic, len(recs))
				break
			}
			if !errors.Is(err, wkafka.ErrUnknownOutcome) || ctx.Err() != nil {
				return err
			}
			a.r.cfg.Log.Warn("reading back what was appended", "topic", topic, "err", err)
			if err := a.rescan(ctx); err != nil {
				return err
			}
			outs.drop(topic, a.seen)
		}
	}
	return nil
}

// announce commits where the outputs to topic will begin, before the first one,
// so that a crash before the next commit leaves no output unfound.
func (a *assignment) announce(ctx context.Context, topic string) error {
	if _, ok := a.marks[topic]; ok {
		return nil
	}
	ends, err := wkafka.EndOffsets(ctx, a.r.cfg.Kafka, topic)
	if err != nil {
		return err
	}
	a.marks[topic] = ends
	if err := a.claim.Commit(ctx, a.next, a.marks.encode()); err != nil {
		delete(a.marks, topic)
		return err
	}
	return nil
}
