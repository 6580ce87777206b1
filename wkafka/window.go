package wkafka

import (
	"context"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// window delivers the records of one claim as single messages, at most as many
// as it has slots unacknowledged. The position that is committed is that of the
// oldest one: it never passes a record that was neither acknowledged nor
// parked. With one slot order is kept, also over redeliveries; with more, the
// messages that follow one that was not acknowledged have been seen before it
// comes again.
type window struct {
	*feed
	ring

	// Owned by run.
	fetched Batch  // not handed out yet
	again   int    // slots that are ready once more
	next    int64  // all before it is done with
	stored  int64  // last position that was given to be committed
	turns   uint   // of run's loop
	clock   *beats // for deadlines and commits
	watch   watch

	events chan event // room for one of every slot, a beat and the end: posting never waits
	wg     sync.WaitGroup
	ctx    context.Context // of writes to the dead letters; ends with run
	cancel context.CancelFunc
}

// event is what has happened outside run.
type event struct {
	what what
	slot uint64
	err  error
}

type what uint8

const (
	itsPauseIsOver what = iota // slot's
	itWasParked                // slot, unless err says why not
	theClockBeats
	theClaimEnds
)

func newWindow(f *feed, size int) *window {
	w := &window{
		feed: f, ring: ring{slots: make([]slot, size)}, next: f.claim.Start, stored: f.claim.Start,
		events: make(chan event, size+2), watch: f.newWatch(),
	}
	w.clock = newBeats(f.cfg.CommitInterval, f.cfg.AckDeadline, func() { w.events <- event{what: theClockBeats} })
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// patience is how many messages may be handed out before events are looked at.
const patience = 32

func (w *window) run(ctx context.Context) error {
	defer w.stop()
	defer context.AfterFunc(ctx, func() { w.events <- event{what: theClaimEnds} })()
	for {
		w.advance()
		s := w.outgoing()
		if w.turns++; s != nil && w.turns%patience != 0 && w.hand(s) {
			continue
		}
		if err := w.wait(ctx, s); err != nil {
			return errors.Join(err, w.storeLast(ctx))
		}
		if ctx.Err() != nil {
			w.drain(ctx)
			return w.storeLast(ctx)
		}
	}
}

// hand gives s to somebody who waits for it, and reports whether one did.
func (w *window) hand(s *slot) bool {
	select {
	case w.out <- s.msg:
		w.sent(s)
		return true
	default:
		return false
	}
}

// wait returns when something has happened. s, if there is one, is the message
// to hand out. It waits for as few things as it can, since each costs time:
// an answer about the oldest message matters when there is no other to hand
// out, else the clock is soon enough.
func (w *window) wait(ctx context.Context, s *slot) error {
	var out chan<- *message.Message
	var msg *message.Message
	var ok, no <-chan struct{}
	if s != nil {
		out, msg = w.out, s.msg
	} else {
		ok, no = w.head()
	}
	select {
	case out <- msg:
		w.sent(s)
	case <-ok:
	case <-no:
	case f := <-w.wanted():
		b, err := w.claim.accept(f)
		if err != nil {
			return err
		}
		w.fetched, w.watch.moved = b, true
	case e := <-w.events:
		return w.happened(ctx, e)
	}
	return nil
}

// outgoing is the next message to hand out, if there is one and room for it.
func (w *window) outgoing() *slot {
	for n := w.first; w.again > 0 && n < w.end; n++ {
		if s := w.at(n); s.state == slotReady {
			return s
		}
	}
	if !w.empty() {
		if s := w.at(w.end - 1); s.state == slotReady {
			return s
		}
	}
	if len(w.fetched.Records) == 0 || w.full() {
		return nil
	}
	s := w.at(w.end)
	*s = slot{batch: w.fetched}
	w.fetched.Records = w.fetched.Records[1:]
	w.end++
	s.msg, s.d = w.mint.single(s.batch, 1)
	return s
}

func (w *window) sent(s *slot) {
	if s.attempts > 0 {
		w.again--
	}
	s.state, s.beat, w.watch.moved = slotSent, w.clock.now, true
}

// wanted is where the next batch comes from, when one is needed.
func (w *window) wanted() <-chan fetched {
	if len(w.fetched.Records) > 0 {
		return nil
	}
	return w.claim.incoming()
}

// head is the answer about the oldest message.
func (w *window) head() (ok, no <-chan struct{}) {
	if w.empty() || w.at(w.first).state != slotSent {
		return nil, nil
	}
	msg := w.at(w.first).msg
	return msg.Acked(), msg.Nacked()
}

// beat looks for answers and deadlines behind the oldest message, for a lack of
// progress, and commits.
func (w *window) beat(ctx context.Context) error {
	for n := w.first; n < w.end; n++ {
		s := w.at(n)
		if s.state != slotSent {
			continue
		}
		w.settle(n, s)
		if s.state == slotSent && w.clock.late(s.beat) {
			s.d.cancel(ErrAckDeadline)
			w.failed(n, s, ReasonDeadline)
		}
	}
	w.watch.look(w.clock.every, w.waiting(), w.next, w.fetched.HighWater)
	if w.clock.commits() {
		return w.store(ctx)
	}
	return nil
}

// waiting is what the oldest record waits for.
func (w *window) waiting() string {
	if w.empty() {
		return ""
	}
	return w.at(w.first).state.where()
}
