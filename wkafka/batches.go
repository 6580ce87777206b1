package wkafka

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// batches delivers the batches of a claim, one after the other.
type batches struct {
	*feed
	metadata string // committed last
	ticks    *time.Ticker
	watch    watch
}

func newBatches(f *feed) *batches {
	return &batches{feed: f, metadata: f.claim.Metadata, ticks: time.NewTicker(f.cfg.StallAfter / stallInterval), watch: f.newWatch()}
}

// run ends when ctx does.
func (f *batches) run(ctx context.Context) error {
	defer f.ticks.Stop()
	err := f.deliverAll(ctx)
	grace, cancel := withGrace(ctx, finalCommitTimeout)
	defer cancel()
	return errors.Join(err, f.claim.commits.flush(grace))
}

func (f *batches) deliverAll(ctx context.Context) error {
	for {
		b, err := f.claim.Fetch(ctx)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		if err := f.deliver(ctx, b, false); err != nil || ctx.Err() != nil {
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

// deliver hands out b until it is acknowledged or parked, or ctx ends. suspect
// means that b is part of a batch that has used up its attempts.
func (f *batches) deliver(ctx context.Context, b Batch, suspect bool) error {
	var t trials
	for {
		done, err := f.try(ctx, b, &t, suspect)
		if done || err != nil || ctx.Err() != nil {
			return err
		}
		if !pause(ctx, f.delays.after(t.attempts)) {
			return nil
		}
	}
}

// try hands out b once and reports whether it is done with.
func (f *batches) try(ctx context.Context, b Batch, t *trials, suspect bool) (bool, error) {
	d, what := f.once(ctx, b, t.attempts+1)
	switch what {
	case "":
		return f.finish(ctx, b, d.metadata, f.dead.chosen(d, *t))
	case reasonTaken:
		return false, nil
	}
	first, text := b.Records[0], failureText(d, what)
	f.dead.failed(t, &first, d.Attempt, what)
	spent := f.dead.spent(t, &first, text)
	switch {
	case len(b.Records) > 1 && (spent || suspect):
		return true, f.halves(ctx, b)
	case spent:
		return f.finish(ctx, b, f.metadata, []DeadLetter{f.dead.letter(first, *t, what, text)})
	}
	return false, nil
}

// halves looks for the record that nobody can handle: each half of b is tried
// on its own, down to single records.
func (f *batches) halves(ctx context.Context, b Batch) error {
	mid := len(b.Records) / 2
	for _, part := range [][]Record{b.Records[:mid:mid], b.Records[mid:]} {
		if err := f.deliver(ctx, Batch{Records: part, HighWater: b.HighWater}, true); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// finish commits b once the letters are durable; the commit goes on while the
// next batch is worked on. It reports false when the letters could not be
// written.
func (f *batches) finish(ctx context.Context, b Batch, metadata string, letters []DeadLetter) (bool, error) {
	if len(letters) > 0 && !f.park(ctx, b, letters) {
		return false, nil
	}
	f.metadata = metadata
	return true, f.claim.commitLater(ctx, b.Last()+1, metadata)
}

// park reports whether the letters are durable. If not, that was logged.
func (f *batches) park(ctx context.Context, b Batch, letters []DeadLetter) bool {
	grace, cancel := withGrace(ctx, f.cfg.DrainTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f.dead.write(grace, letters) }()
	for {
		select {
		case err := <-done:
			return err == nil
		case <-f.ticks.C:
			f.look(StallPark, b)
		}
	}
}

// reasonTaken is once's answer when the partition was taken away first.
const reasonTaken = "taken away"

// once delivers b once. It returns "" when it was acknowledged, else why it was
// not.
func (f *batches) once(ctx context.Context, b Batch, attempt int) (*Delivery, string) {
	msg, d := f.mint.batch(b, attempt)
	what := reasonTaken
	if f.hand(ctx, msg, b) {
		what = f.answer(ctx, msg, b)
	}
	d.cancel(causeOf(what))
	return &d.Delivery, what
}

func causeOf(what string) error {
	switch what {
	case reasonTaken:
		return errTaken
	case ReasonDeadline:
		return ErrAckDeadline
	}
	return errSettled
}

// hand gives msg to whoever reads the channel.
func (f *batches) hand(ctx context.Context, msg *message.Message, b Batch) bool {
	for {
		select {
		case f.out <- msg:
			f.watch.moved = true
			return true
		case <-f.ticks.C:
			f.look(StallReceive, b)
		case <-ctx.Done():
			return false
		}
	}
}

// answer waits for what becomes of msg.
func (f *batches) answer(ctx context.Context, msg *message.Message, b Batch) string {
	deadline, stop := after(f.cfg.AckDeadline)
	defer stop()
	for {
		select {
		case <-msg.Acked():
			f.watch.moved = true
			return ""
		case <-msg.Nacked():
			return ReasonNack
		case <-deadline:
			return ReasonDeadline
		case <-f.ticks.C:
			f.look(StallHandle, b)
		case <-ctx.Done():
			return f.drained(msg)
		}
	}
}

// drained waits for msg's acknowledgement after the partition was taken away.
func (f *batches) drained(msg *message.Message) string {
	t := time.NewTimer(f.cfg.DrainTimeout)
	defer t.Stop()
	select {
	case <-msg.Acked():
		return ""
	case <-msg.Nacked():
	case <-t.C:
	}
	return reasonTaken
}

func (f *batches) look(where string, b Batch) {
	f.watch.look(f.cfg.StallAfter/stallInterval, where, b.Records[0].Offset, b.HighWater)
}

// after is a channel that receives once d is over; never if d is not positive.
func after(d time.Duration) (<-chan time.Time, func() bool) {
	if d <= 0 {
		return nil, func() bool { return false }
	}
	t := time.NewTimer(d)
	return t.C, t.Stop
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
