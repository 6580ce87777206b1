package wkafka

import (
	"context"
	"errors"
	"sync"
)

// hold is one partition in the hands of this member: from when it is assigned
// until its function has returned. It outlives generations.
type hold struct {
	topic     string
	partition int
	session   *session

	ctx  context.Context // the function's: ends when it is to finish
	stop context.CancelFunc
	done chan struct{} // closed when the function has returned

	mu  sync.Mutex
	err error // why nothing may be done for the partition any more; nil: it is held
}

// newHold returns a hold whose function is to finish when ctx ends.
func newHold(ctx context.Context, s *session, topic string, partition int) *hold {
	h := &hold{topic: topic, partition: partition, session: s, done: make(chan struct{})}
	h.ctx, h.stop = context.WithCancel(ctx)
	return h
}

// place returns what a commit is to carry. It is the current generation: as
// long as the partition is held, the group gives it to nobody else.
func (h *hold) place() (place, error) {
	if err := h.over(); err != nil {
		return place{}, err
	}
	at, _ := h.session.place()
	return at, nil
}

// over returns why the partition is not held any more, or nil.
func (h *hold) over() error {
	if err := h.session.lost(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// lease returns nil while the partition is held for certain. A lease that has
// lapsed does not come back, though the coordinator may still know the member:
// the partition begins anew then.
func (h *hold) lease() error {
	err := h.over()
	if err != nil {
		return err
	}
	if err = h.session.lease(); err != nil {
		h.end(err)
	}
	return err
}

// end makes err the reason why the partition is not held any more.
func (h *hold) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = err
	}
	h.stop()
}

// fenced reports whether the partition ended because it was not certain that it
// was held.
func (h *hold) fenced() bool {
	err := h.over()
	return errors.Is(err, errLapsed) || errors.Is(err, errSlow) || errors.Is(err, ErrFenced)
}

// finished reports whether the function has returned.
func (h *hold) finished() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}
