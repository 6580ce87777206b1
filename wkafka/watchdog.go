package wkafka

import (
	"log/slog"
	"time"
)

// watch notices that nothing moves in one partition. It is used by one
// goroutine and counts the time between its looks, so that it needs no clock.
type watch struct {
	claim *Claim
	after time.Duration
	log   *slog.Logger
	quiet time.Duration // since something moved
	moved bool          // since the last look
}

// look is called after each interval. where is what the oldest record waits
// for, "" when there is none.
func (w *watch) look(interval time.Duration, where string, next, end int64) {
	if w.moved || where == "" {
		w.moved, w.quiet = false, 0
		return
	}
	if w.quiet += interval; w.quiet < w.after {
		return
	}
	s := Stall{Topic: w.claim.Topic, Partition: w.claim.Partition, Where: where, Next: next, End: end, For: w.quiet}
	w.quiet = 0
	w.claim.hooks.stalled(s)
	w.log.Warn("no progress although there are records", "topic", s.Topic, "partition", s.Partition,
		"waiting for", s.Where, "next", s.Next, "end", s.End, "for", s.For)
}
