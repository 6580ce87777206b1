package wkafka

import (
	"context"
	"time"
)

// advance drops the oldest records that are done with, and takes up the first
// answer of the one after them.
func (w *window) advance() {
	for !w.empty() {
		s := w.at(w.first)
		if s.state == slotSent {
			w.settle(w.first, s)
		}
		if s.state != slotDone {
			return
		}
		w.next, w.watch.moved = s.batch.Records[0].Offset+1, true
		*s = slot{} // the buffer of the records may go
		w.first++
	}
}

// settle takes up the answer about s, if there is one.
func (w *window) settle(n uint64, s *slot) {
	switch answer(s.msg) {
	case acked:
		s.d.cancel(errSettled)
		s.state = slotDone
		if len(s.d.parked) > 0 {
			w.park(n, s, w.dead.chosen(&s.d.Delivery, s.trials))
		}
	case nacked:
		s.d.cancel(errSettled)
		w.failed(n, s, ReasonNack)
	}
}

// failed has s delivered again after a pause, or gives it up.
func (w *window) failed(n uint64, s *slot, reason string) {
	r := &s.batch.Records[0]
	text := failureText(&s.d.Delivery, reason)
	w.dead.failed(&s.trials, r, s.d.Attempt, reason)
	if w.dead.spent(&s.trials, r, text) {
		w.park(n, s, []DeadLetter{w.dead.letter(*r, s.trials, reason, text)})
		return
	}
	w.pause(n, s)
}

func (w *window) pause(n uint64, s *slot) {
	s.state = slotPausing
	time.AfterFunc(w.delays.after(s.attempts), func() { w.events <- event{what: itsPauseIsOver, slot: n} })
}

// park writes letters; until they are durable the record stays in its slot.
func (w *window) park(n uint64, s *slot, letters []DeadLetter) {
	s.state, s.attempts = slotParking, s.d.Attempt
	w.wg.Go(func() { w.events <- event{itWasParked, n, w.dead.write(w.ctx, letters)} })
}

// happened takes up e. The claim's end shows in ctx.
func (w *window) happened(ctx context.Context, e event) error {
	switch e.what {
	case itsPauseIsOver:
		s := w.at(e.slot)
		s.state = slotReady
		s.msg, s.d = w.mint.single(s.batch, s.attempts+1)
		w.again++
	case itWasParked:
		s := w.at(e.slot)
		if e.err != nil {
			w.pause(e.slot, s)
			return nil
		}
		s.state = slotDone
	case theClockBeats:
		defer w.clock.next()
		return w.beat(ctx)
	}
	return nil
}
