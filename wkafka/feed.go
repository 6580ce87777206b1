package wkafka

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// feed makes messages of the records of one claim.
type feed struct {
	cfg   *SubscriberConfig
	claim *Claim
	base  context.Context // values for the contexts of messages; never ends
	out   chan<- *message.Message
}

// batches delivers one batch after the other until ctx ends.
func (f *feed) batches(ctx context.Context) error {
	err := f.deliverAll(ctx)
	grace, cancel := withGrace(ctx, finalCommitTimeout)
	defer cancel()
	return errors.Join(err, f.claim.commits.flush(grace))
}

func (f *feed) deliverAll(ctx context.Context) error {
	for {
		b, err := f.claim.Fetch(ctx)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		if err := f.deliver(ctx, b); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// ignoreEnd returns err unless it is only that ctx ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// deliver hands out b until it is acknowledged, or ctx ends. The commit goes on
// while the next batch is worked on.
func (f *feed) deliver(ctx context.Context, b Batch) error {
	for {
		d := &Delivery{Claim: f.claim, Batch: b}
		acked := f.once(ctx, d)
		if acked {
			return f.claim.commitLater(ctx, b.Last()+1, d.metadata)
		}
		if !pause(ctx, f.cfg.NackDelay) {
			return nil
		}
	}
}

// once delivers d once and reports whether it was acknowledged.
func (f *feed) once(ctx context.Context, d *Delivery) bool {
	msg, cancel := newMessage(f.base, d, true)
	defer cancel()
	select {
	case f.out <- msg:
	case <-ctx.Done():
		return false
	}
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
		return false
	case <-ctx.Done():
	}
	return f.drained(msg)
}

// drained waits for msg's acknowledgement after the partition was taken away.
func (f *feed) drained(msg *message.Message) bool {
	t := time.NewTimer(f.cfg.DrainTimeout)
	defer t.Stop()
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
	case <-t.C:
	}
	return false
}

// pause waits for d. It reports false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
