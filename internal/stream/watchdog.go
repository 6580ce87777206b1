package stream

import (
	"context"
	"sync/atomic"
	"time"
)

// defaultHang is far above what a step may take for one record: detect stops a
// rule after 5 s.
const defaultHang = 30 * time.Second

// inHand is the record that a step works on.
type inHand struct{ offset atomic.Int64 }

const noRecord = -1

func newInHand() *inHand {
	h := &inHand{}
	h.offset.Store(noRecord)
	return h
}

// watchdog says when a step does not return from a record: it looks at the
// records in hand once a period, so that it needs no clock and costs the steps
// nothing.
//
// A goroutine cannot be ended from outside, so the partition stands still until
// the step returns or the process is ended; its heartbeats go on, and the group
// gives the partition to nobody else. The other partitions are worked on. What
// the record is, the log and the metric say; the next owner gets the same one.
type watchdog struct {
	r    *runner
	last map[*assignment]int64 // the record that was in hand at the last look
	told map[*assignment]int64 // the one that was spoken of
}

func newWatchdog(r *runner) *watchdog {
	return &watchdog{r: r, last: make(map[*assignment]int64), told: make(map[*assignment]int64)}
}

// look compares the records in hand with those of the last time.
func (w *watchdog) look(context.Context) {
	now := make(map[*assignment]int64)
	for _, a := range w.r.assignments() {
		at := a.inHand.offset.Load()
		before, known := w.last[a]
		hangs := known && at != noRecord && at == before
		w.report(a, at, hangs)
		now[a] = at
	}
	w.last = now
	for a := range w.told {
		if _, held := now[a]; !held {
			delete(w.told, a)
		}
	}
}

func (w *watchdog) report(a *assignment, at int64, hangs bool) {
	told, spoken := w.told[a]
	if hangs == spoken && (!spoken || told == at) {
		return
	}
	cfg := &w.r.cfg
	cfg.Metrics.states().hangs(cfg.Group, a.claim.Topic, a.claim.Partition, hangs)
	if hangs {
		w.told[a] = at
		a.log().Error("a step does not return from a record; its partition stands still until it does or the process is ended: get a stack trace, then restart",
			"offset", at, "longer_than", cfg.hang)
		return
	}
	delete(w.told, a)
	a.log().Info("the step has returned", "offset", told)
}
