package stream

import (
	"context"
	"time"
)

// Delays between attempts double from the first to the last.
const (
	backoffFirst = 50 * time.Millisecond
	backoffLast  = 5 * time.Second
	logAgain     = time.Minute
)

// backoff counts attempts at one thing and says when to speak of it: at the
// first failure and then once a minute of waiting. It needs no clock.
type backoff struct {
	delay  time.Duration
	silent time.Duration
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
	if b.delay != 0 && b.silent < logAgain {
		return false
	}
	b.silent = 0
	return true
}
