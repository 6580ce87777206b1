package wkafka

import (
	"context"
	"time"
)

// store has the position committed while run goes on.
func (w *window) store(ctx context.Context) error {
	if w.next == w.stored {
		return nil
	}
	w.stored = w.next
	return w.claim.commitLater(ctx, w.next, "")
}

// storeLast commits the position and returns when it is stored.
func (w *window) storeLast(ctx context.Context) error {
	grace, cancel := withGrace(ctx, finalCommitTimeout)
	defer cancel()
	if w.next == w.stored {
		return w.claim.commits.flush(grace)
	}
	return w.claim.Commit(grace, w.next, "")
}

// drain waits for the handlers that have a message, and for dead letters.
func (w *window) drain(ctx context.Context) {
	t := time.NewTimer(w.cfg.DrainTimeout)
	defer t.Stop()
	for {
		s := w.busy()
		if s == nil {
			return
		}
		var ok, no <-chan struct{}
		if s.state == slotSent {
			ok, no = s.msg.Acked(), s.msg.Nacked()
		}
		select {
		case <-ok:
		case <-no:
		case e := <-w.events:
			if w.happened(ctx, e) != nil {
				return
			}
		case <-t.C:
			return
		}
	}
}

// busy takes up all answers and returns the oldest record that somebody works
// on, or nil.
func (w *window) busy() *slot {
	for n := w.first; n < w.end; n++ {
		if s := w.at(n); s.state == slotSent {
			w.settle(n, s)
		}
	}
	w.advance()
	for n := w.first; n < w.end; n++ {
		if s := w.at(n); s.state == slotSent || s.state == slotParking {
			return s
		}
	}
	return nil
}

// stop ends what is left of run.
func (w *window) stop() {
	w.clock.stop()
	w.cancel()
	for n := w.first; n < w.end; n++ {
		w.at(n).d.cancel(errTaken)
	}
	w.wg.Wait()
}
