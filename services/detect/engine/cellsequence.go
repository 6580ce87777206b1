package engine

import "slices"

// stepTimes is how many times of each step of a sequence are kept.
const stepTimes = 8

// stepTime is when a step was seen. Of two at the same millisecond the one that
// stands first in the log was first.
type stepTime struct{ at, nth int64 }

func (t stepTime) before(u stepTime) bool { return t.at < u.at || t.at == u.at && t.nth < u.nth }

// sequenceCell knows the newest times of each step of a sequence, the newest
// first.
type sequenceCell struct {
	steps  [][]stepTime
	nth    int64 // of the newest event
	newest int64 // time
}

func newSequenceCell(f *frame) *sequenceCell {
	c := &sequenceCell{steps: make([][]stepTime, f.steps)}
	for i := range c.steps {
		c.steps[i] = make([]stepTime, 0, stepTimes)
	}
	return c
}

func (c *sequenceCell) add(f *frame, at int64, of sample) bool {
	if c.nth > 0 && c.newest-at > f.overMS {
		return false
	}
	c.nth++
	c.newest = max(at, c.newest)
	if c.nth == 1 {
		c.newest = at
	}
	times := c.steps[of.step]
	t := stepTime{at, c.nth}
	i, _ := slices.BinarySearchFunc(times, t, func(a, t stepTime) int {
		if t.before(a) {
			return -1
		}
		return 1
	})
	if len(times) < stepTimes {
		times = append(times, t)
	}
	if i < len(times) {
		copy(times[i+1:], times[i:])
		times[i] = t
	}
	c.steps[of.step] = times
	return true
}

// read looks for all steps in their order in the window that ends at a time. An
// event that is late sees as well the sequence in the midst of which it
// happened: it may be the step that was missing.
func (c *sequenceCell) read(f *frame, at int64) (reading, bool) {
	for _, last := range c.steps[len(c.steps)-1] {
		first, ok := c.first(last)
		span := last.at - first
		inside := last.at <= at && at-first <= f.overMS || first <= at && at < last.at
		if ok && span <= f.overMS && inside {
			return reading{1, seconds(max(0, at-last.at)), seconds(span)}, true
		}
	}
	return reading{}, false
}

// first returns the time of the first step of the shortest sequence that ends
// with last.
func (c *sequenceCell) first(last stepTime) (int64, bool) {
	t := last
	for i := len(c.steps) - 2; i >= 0; i-- {
		j := slices.IndexFunc(c.steps[i], func(s stepTime) bool { return s.before(t) })
		if j < 0 {
			return 0, false
		}
		t = c.steps[i][j]
	}
	return t.at, true
}

func (c *sequenceCell) bytes() int { return 8*6 + len(c.steps)*(24+16*stepTimes) }

func (c *sequenceCell) save(w *stateWriter) {
	w.number(c.newest)
	w.number(c.nth)
	for _, times := range c.steps {
		w.count(len(times))
		for _, t := range times {
			w.number(c.newest - t.at)
			w.number(c.nth - t.nth)
		}
	}
}

func (c *sequenceCell) load(r *stateReader, _ *frame) {
	c.newest, c.nth = r.number(), r.number()
	for i := range c.steps {
		for range r.count(stepTimes) {
			at, nth := c.newest-r.number(), c.nth-r.number()
			c.steps[i] = append(c.steps[i], stepTime{at, nth})
		}
	}
}
