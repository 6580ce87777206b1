package wkafka

import "time"

// beats is a coarse clock: it ticks often enough for commits and for deadlines,
// and spares a window the time of every message.
type beats struct {
	*time.Ticker
	every    time.Duration
	now      int // ticks seen
	limit    int // ticks until an acknowledgement is late; 0: never
	perStore int // ticks between commits
}

func newBeats(commit, deadline time.Duration) *beats {
	b := &beats{every: commit, perStore: 1}
	if deadline > 0 {
		b.every = max(min(commit, deadline/4), time.Millisecond)
		b.limit = int((deadline + b.every - 1) / b.every)
		b.perStore = max(1, int(commit/b.every))
	}
	b.Ticker = time.NewTicker(b.every)
	return b
}

// late reports whether what was handed out at tick at is past its deadline: at
// most by one tick.
func (b *beats) late(at int) bool { return b.limit > 0 && b.now-at > b.limit }

// commits reports whether this tick is one for a commit.
func (b *beats) commits() bool { return b.now%b.perStore == 0 }
