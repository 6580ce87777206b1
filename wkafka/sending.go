package wkafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
)

// sending is a batch on its way into the log, over as many attempts as it
// takes. It belongs to one goroutine.
type sending struct {
	l      *lane
	parts  []part
	unsure bool // an attempt may have been appended
	retry  backoff
}

// deliver appends parts as one batch. It repeats the batch, with the same
// sequence, until it is acknowledged, found in the log, refused for good, or
// nobody waits for it any more. Before it repeats what may have been appended
// it reads the log back: brokers forget sequences, by retention, or in a crash
// if they keep them in memory alone, and append a second copy.
//
// It returns the parts that the error is about. Those whose jobs were dismissed
// are not among them.
func (l *lane) deliver(parts []part) ([]part, error) {
	s := sending{l: l, parts: parts}
	l.catchUp()
	err := s.try()
	if err == nil {
		return s.parts, nil
	}
	ctx, cancel := waitingFor(l.ctx, parts)
	defer cancel()
	for stop := false; err != nil; err = s.try() {
		if stop, err = s.resolve(ctx, err); stop || len(s.parts) == 0 {
			break
		}
	}
	return s.parts, err
}

// try sends the batch once.
func (s *sending) try() error {
	base, err := s.l.attempt(s.parts)
	if err == nil {
		s.settle(base)
	}
	return err
}

// settle notes that the batch stands at base.
func (s *sending) settle(base int64) {
	n := 0
	for _, x := range s.parts {
		x.set(base + int64(n))
		n += x.n
	}
	s.l.id.advance(n)
	s.l.floor = base + int64(n)
	s.l.end.Store(s.l.floor)
}

// resolve finds out what became of an attempt that ended with err, and waits
// before the next one. It reports true when there is to be none, with the
// outcome.
func (s *sending) resolve(ctx context.Context, err error) (stop bool, outcome error) {
	l := s.l
	var no *refusal
	if errors.As(err, &no) {
		return s.refuse(no)
	}
	lost := sequenceLost(err)
	s.unsure = s.unsure || !lost && !notSent(err) || errors.Is(err, kafka.DuplicateSequenceNumber)
	if lost || s.unsure {
		base, found, back := s.readBack(ctx)
		if found {
			s.settle(base)
			return true, nil
		}
		if back != nil {
			s.unsure, err = true, errors.Join(err, back)
		}
		stop = back != nil
		s.retry.delay = 0 // the broker answers
	}
	stop = stop || permanent(err) || ctx.Err() != nil
	// A sequence that the broker does not take, or that may yet arrive after it
	// was given up, is not gone on with.
	l.valid = l.valid && !lost && (!s.unsure || !stop)
	if stop {
		return true, s.outcome(err, s.parts)
	}
	s.pause(ctx, err)
	return false, nil
}

// outcome is what the callers of parts are told when these are given up.
func (s *sending) outcome(err error, parts []part) error {
	if !s.unsure {
		return err
	}
	s.l.p.cfg.Hooks.unknown(count(parts))
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

// refuse takes the parts of the call that may not append out of the batch. When
// they may have been appended by an earlier attempt, the others cannot be sent
// without them: the late attempt would bring those twice.
func (s *sending) refuse(no *refusal) (stop bool, outcome error) {
	own := no.err
	if s.unsure {
		s.l.valid = false
		own = s.outcome(own, s.parts)
	}
	s.parts = slices.DeleteFunc(s.parts, func(x part) bool {
		refused := x.j.call == no.call
		if refused {
			s.l.dismiss(x.j, own)
		}
		return refused
	})
	if s.unsure {
		return true, fmt.Errorf("%w: another call of the same batch was refused: %w", ErrUnknownOutcome, no.err)
	}
	return false, nil
}

// pause waits before the next attempt.
func (s *sending) pause(ctx context.Context, err error) {
	l := s.l
	if s.retry.speak() {
		l.p.cfg.Log.Warn("cannot append; trying again: is the broker up?", "topic", l.topic, "partition", l.partition, "err", err)
	}
	l.p.cfg.Hooks.retry("produce")
	s.retry.wait(ctx)
	s.release(ctx)
}

// release lets go of the callers that have given up while others of the batch
// have not. What may have been appended stays in the batch, as a copy, since
// the batch cannot be repeated without it.
func (s *sending) release(ctx context.Context) {
	if ctx.Err() != nil {
		return // all have: the batch ends, too
	}
	s.parts = slices.DeleteFunc(s.parts, func(x part) bool {
		gone := x.j.call.ctx.Err()
		if gone == nil || s.unsure {
			return false
		}
		s.l.dismiss(x.j, gone)
		return true
	})
	for i, x := range s.parts {
		if gone := x.j.call.ctx.Err(); gone != nil {
			s.parts[i] = x.detached()
			s.l.dismiss(x.j, s.outcome(gone, []part{x}))
		}
	}
}

func count(parts []part) int {
	n := 0
	for _, x := range parts {
		n += x.n
	}
	return n
}

// sequenceLost reports whether the broker does not know this producer, or not
// at this sequence, or knows the batch but no longer where it put it.
func sequenceLost(err error) bool {
	for _, code := range []kafka.Error{
		kafka.OutOfOrderSequenceNumber, kafka.DuplicateSequenceNumber, kafka.InvalidProducerEpoch,
		kafka.UnknownProducerId, kafka.InvalidProducerIDMapping, kafka.ProducerFenced,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// waitingFor returns a context that ends when l or the contexts of the calls of
// all parts end.
func waitingFor(l context.Context, parts []part) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(l)
	left := new(atomic.Int64)
	left.Store(int64(len(parts)))
	var stops []func() bool
	for _, x := range parts {
		stops = append(stops, context.AfterFunc(x.j.call.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
