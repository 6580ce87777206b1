package wkafka

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// window delivers the records of one claim as single messages, at most size of
// them unacknowledged. The position that is committed is that of the oldest
// one: it never passes a message that was not acknowledged. With size 1 order
// is kept, also over redeliveries; with more, the messages that follow one that
// was not acknowledged have been seen before it comes again.
type window struct {
	*feed
	size int

	// Owned by run.
	flight  []*inflight // oldest first
	records []Record    // fetched, not delivered
	next    int64       // all before it is acknowledged
	stored  int64       // last position committed
	resend  *inflight   // a message to deliver again, before all others
	pausing <-chan time.Time
}

// inflight is one record on its way.
type inflight struct {
	record Record
	msg    *message.Message
	cancel context.CancelFunc
	sent   bool
}

func newWindow(f *feed, size int) *window {
	return &window{feed: f, size: size, next: f.claim.Start, stored: f.claim.Start}
}

func (w *window) run(ctx context.Context) error {
	tick := time.NewTicker(w.cfg.CommitInterval)
	defer tick.Stop()
	defer w.abandon()
	for {
		out, msg := w.outgoing()
		acked, nacked := w.head()
		select {
		case out <- msg:
			w.sent()
		case f := <-w.wanted():
			b, err := w.claim.accept(f)
			if err != nil {
				return err
			}
			w.records = b.Records
		case <-acked:
			w.advance()
		case <-nacked:
			w.again()
		case <-w.pausing:
			w.pausing = nil
		case <-tick.C:
			if err := w.store(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			w.drain()
			return w.store(ctx)
		}
	}
}

// outgoing is the next message to hand out, if there is one and room for it.
func (w *window) outgoing() (chan<- *message.Message, *message.Message) {
	if w.pausing != nil {
		return nil, nil
	}
	if w.resend != nil {
		return w.out, w.resend.msg
	}
	if n := len(w.flight); n > 0 && !w.flight[n-1].sent {
		return w.out, w.flight[n-1].msg
	}
	if len(w.records) == 0 || len(w.flight) == w.size {
		return nil, nil
	}
	m := &inflight{record: w.records[0]}
	w.records = w.records[1:]
	w.prepare(m)
	w.flight = append(w.flight, m)
	return w.out, m.msg
}

func (w *window) prepare(m *inflight) {
	d := &Delivery{Claim: w.claim, Batch: Batch{Records: []Record{m.record}}}
	m.msg, m.cancel = newMessage(w.base, d, false)
	m.sent = false
}

func (w *window) sent() {
	if w.resend != nil {
		w.resend.sent, w.resend = true, nil
		return
	}
	w.flight[len(w.flight)-1].sent = true
}

// wanted is where the next batch comes from, when one is needed.
func (w *window) wanted() <-chan fetched {
	if len(w.records) > 0 {
		return nil
	}
	return w.claim.incoming()
}

// head is the acknowledgement of the oldest message.
func (w *window) head() (acked, nacked <-chan struct{}) {
	if len(w.flight) == 0 || !w.flight[0].sent {
		return nil, nil
	}
	return w.flight[0].msg.Acked(), w.flight[0].msg.Nacked()
}

// advance drops the oldest messages that are acknowledged.
func (w *window) advance() {
	for len(w.flight) > 0 && w.flight[0].sent {
		m := w.flight[0]
		select {
		case <-m.msg.Acked():
		default:
			return
		}
		m.cancel()
		w.next = m.record.Offset + 1
		w.flight = w.flight[1:]
	}
}

// again delivers the oldest message anew, after a pause.
func (w *window) again() {
	m := w.flight[0]
	m.cancel()
	w.prepare(m)
	w.resend = m
	w.pausing = time.After(w.cfg.NackDelay)
}

func (w *window) store(ctx context.Context) error {
	if w.next == w.stored {
		return nil
	}
	grace, cancel := withGrace(ctx, finalCommitTimeout)
	defer cancel()
	if err := w.claim.Commit(grace, w.next, ""); err != nil {
		return err
	}
	w.stored = w.next
	return nil
}

// drain waits for the messages in flight, oldest first.
func (w *window) drain() {
	t := time.NewTimer(w.cfg.DrainTimeout)
	defer t.Stop()
	for {
		acked, nacked := w.head()
		if acked == nil {
			return
		}
		select {
		case <-acked:
			w.advance()
		case <-nacked:
			return
		case <-t.C:
			return
		}
	}
}

// abandon ends the contexts of all messages that are left.
func (w *window) abandon() {
	for _, m := range w.flight {
		m.cancel()
	}
}
