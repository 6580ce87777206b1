package engine

import "math"

// intervalCell measures how regular contacts are: for each bucket the number,
// the sum and the sum of squares of the gaps between the starts of contacts
// that began in it. Events that are older than the newest are not counted: a
// gap needs order.
type intervalCell struct {
	ring  ring
	used  bool
	start int64 // of the newest contact
	last  int64 // newest event
}

func (c *intervalCell) add(f *frame, at int64, _ sample) bool {
	switch {
	case !c.used:
		c.used, c.start, c.last = true, at, at
		return true
	case at < c.last:
		return false
	case at-c.last < f.gap || at == c.last:
		c.last = at
		return true
	}
	d := float64(at - c.start)
	c.start, c.last = at, at
	if d > float64(f.overMS) {
		return true // a pause is no interval
	}
	sums := c.ring.at(f, f.bucket(at))
	sums[0]++
	sums[1] += d
	sums[2] += float64(d * d) // the conversion forbids fusing, which arm64 would do
	return true
}

func (c *intervalCell) read(f *frame, at int64) (reading, bool) {
	t, ok := c.ring.total(f, f.bucket(at))
	if !ok || t[0] == 0 {
		return reading{0, math.NaN(), math.NaN()}, ok
	}
	mean, variance := moments(t)
	return reading{t[0], mean / 1000, math.Sqrt(variance) / mean}, true
}

// moments are the mean and the variance of values, given their number, sum and
// sum of squares.
func moments(t [mostSums]float64) (mean, variance float64) {
	mean = t[1] / t[0]
	return mean, max(0, t[2]/t[0]-float64(mean*mean))
}

func (c *intervalCell) bytes() int { return c.ring.bytes() + 8*3 }

func (c *intervalCell) save(w *stateWriter) {
	c.ring.save(w)
	w.bool(c.used)
	w.number(c.start)
	w.number(c.last - c.start)
}

func (c *intervalCell) load(r *stateReader, f *frame) {
	c.ring.load(r, f)
	c.used = r.bool()
	c.start = r.number()
	c.last = c.start + r.number()
}
