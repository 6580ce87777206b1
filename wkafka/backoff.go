package wkafka

import (
	"context"
	"time"
)

// Delays between attempts double from the first to the last.
const (
	backoffFirst = 50 * time.Millisecond
	backoffLast  = 500 * time.Millisecond // what comes back is noticed within a second
	logFirst     = time.Second            // leaders move and topics appear in less
	logAgain     = time.Minute            // between two reports of the same trouble
)

// backoff counts attempts at one thing and says when to speak of it: when it
// has lasted a second, and then once a minute. It needs no clock.
type backoff struct {
	delay  time.Duration
	silent time.Duration // since it was spoken of
	spoken bool
}

// wait waits before the next attempt. It reports false when ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	b.delay = min(max(2*b.delay, backoffFirst), backoffLast)
	b.silent += b.delay
	t := time.NewTimer(b.delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// speak reports whether this failure should be logged.
func (b *backoff) speak() bool {
	if !b.spoken && b.silent < logFirst || b.spoken && b.silent < logAgain {
		return false
	}
	b.silent, b.spoken = 0, true
	return true
}

// Backoff is how this package waits between attempts, for those who retry what
// they do with its records: the delay doubles from 50 ms to 0.5 s. The zero value
// is ready; one goroutine uses it.
type Backoff struct{ of backoff }

// Wait waits before the next attempt. It reports false when ctx ended.
func (b *Backoff) Wait(ctx context.Context) bool { return b.of.wait(ctx) }

// Speak reports whether this failure should be logged: when it has lasted for a
// second, and then once a minute.
func (b *Backoff) Speak() bool { return b.of.speak() }
