package engine

import (
	"slices"
	"time"
)

// A policy that is stopped so often within so much of its events' time is
// disabled.
const (
	mostOverruns  = 3
	overrunWithin = 10 * time.Minute
)

// health is what a policy has shown of itself in this partition. It follows
// from the log and is part of the state.
type health struct {
	overruns   []int64 // milliseconds of the last events on which it was stopped
	disabled   bool    // it was stopped too often: it is not asked any more
	unfiltered bool    // its native form was wrong once: OPA is always asked
}

// overran notes that the policy was stopped on an event of time at, and
// reports whether that disables it.
func (h *health) overran(at int64) bool {
	h.overruns = append(h.overruns, at)
	if n := len(h.overruns); n > mostOverruns {
		h.overruns = slices.Delete(h.overruns, 0, n-mostOverruns)
	}
	span := slices.Max(h.overruns) - slices.Min(h.overruns)
	if h.disabled || len(h.overruns) < mostOverruns || span > overrunWithin.Milliseconds() {
		return false
	}
	h.disabled = true
	return true
}

func (h *health) save(w *stateWriter) {
	w.bool(h.disabled)
	w.bool(h.unfiltered)
	w.count(len(h.overruns))
	for _, at := range h.overruns {
		w.number(at)
	}
}

func loadHealth(r *stateReader) (h health) {
	h.disabled, h.unfiltered = r.bool(), r.bool()
	for range r.count(mostOverruns) {
		h.overruns = append(h.overruns, r.number())
	}
	return h
}

// count adds n to the partitions in which r is disabled, if it is.
func (r *run) count(n int64) {
	if r.health.disabled {
		r.counts.Disabled.Add(n)
	}
}

// Close takes e out of the counts of what is so now.
func (e *Engine) Close() error {
	for _, r := range e.runs {
		r.count(-1)
		r.health.disabled = false
	}
	return nil
}
