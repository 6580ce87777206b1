package wkafka

import "time"

// beats is a coarse clock: it beats often enough for commits and for deadlines,
// and spares a window the time of every message. The next beat comes when the
// last one was taken up.
type beats struct {
	timer    *time.Timer
	every    time.Duration
	now      int // beats so far
	limit    int // beats until an acknowledgement is late; 0: never
	perStore int // beats between commits
}

// newBeats has beat called at each beat, in a goroutine of its own.
func newBeats(commit, deadline time.Duration, beat func()) *beats {
	b := &beats{every: commit, perStore: 1}
	if deadline > 0 {
		b.every = max(min(commit, deadline/4), time.Millisecond)
		b.limit = int((deadline + b.every - 1) / b.every)
		b.perStore = max(1, int(commit/b.every))
	}
	b.timer = time.AfterFunc(b.every, beat)
	return b
}

func (b *beats) next() {
	b.now++
	b.timer.Reset(b.every)
}

func (b *beats) stop() { b.timer.Stop() }

// late reports whether what was handed out at beat at is past its deadline: at
// most by one beat.
func (b *beats) late(at int) bool { return b.limit > 0 && b.now-at >= b.limit }

// commits reports whether this beat is one for a commit.
func (b *beats) commits() bool { return b.now%b.perStore == 0 }
