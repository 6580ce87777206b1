package engine

import "math"

// ewmaCell compares a value with those before it, of which newer ones weigh
// more: each sub-bucket back weighs (n-1)/(n+1) of the next one, n being the
// number of sub-buckets, and what is older than the window nothing. That is the
// usual exponential average over n steps, cut off at the window, so that a late
// event counts in its sub-bucket like one that came in time.
//
// With `of`, the values are those of the events: a sub-bucket has their number,
// their sum and the sum of their squares. Without, they are the numbers of
// events in the sub-buckets from the first event on: a new device is not
// compared with a time in which nobody knew it.
type ewmaCell struct {
	ring  ring
	first int64   // sub-bucket of the first event since the ring was empty
	last  reading // with `of`: of the value counted last
}

// Bounds of z.
const (
	mostZ = 1000 // any value is infinitely far from those that were always the same
	leanZ = 1e-6 // of the mean: a deviation that is smaller is taken to be so much
)

func (c *ewmaCell) add(f *frame, at int64, of sample) bool {
	b := f.bucket(at)
	switch {
	case !c.ring.used || b-c.ring.head >= f.width:
		c.first = b
	case c.ring.head-b >= f.width:
		return false
	}
	c.first = min(c.first, b)
	if f.summing {
		c.last = c.values(f, b).compare(of.number)
	}
	sums := c.ring.at(f, b)
	sums[0]++
	if f.summing {
		sums[1] += of.number
		sums[2] += float64(of.number * of.number) // the conversion forbids fusing
	}
	return true
}

func (c *ewmaCell) read(f *frame, at int64) (reading, bool) {
	b := f.bucket(at)
	switch {
	case !c.ring.used || b-c.ring.head >= f.width:
		return EWMA.empty()
	case c.ring.head-b >= f.width:
		return reading{}, false
	case f.summing:
		return c.last, true
	}
	return c.steps(f, b).compare(c.events(f, b)), true
}

// events is the number of events in bucket b.
func (c *ewmaCell) events(f *frame, b int64) float64 {
	if b > c.ring.head {
		return 0
	}
	return c.ring.bucket(f, b)[0]
}

// baseline is what a value is compared with: the sums of the weights, of the
// weighed values and of their weighed squares, and the number of values.
type baseline struct {
	sums [mostSums]float64
	n    float64
}

// values is the baseline of an event in bucket b.
func (c *ewmaCell) values(f *frame, b int64) baseline {
	var out baseline
	from, to, _ := c.ring.span(f, b)
	for w := 1.0; from <= to; to-- {
		sums := c.ring.bucket(f, to)
		for j, v := range sums {
			out.sums[j] += float64(w * v)
		}
		out.n += sums[0]
		w = float64(w * f.decay)
	}
	return out
}

// steps is the baseline of the events in bucket b, which the window holds.
func (c *ewmaCell) steps(f *frame, b int64) baseline {
	var out baseline
	w := 1.0
	for i := b - 1; i >= max(b, c.ring.head)-f.width+1 && i >= c.first; i-- {
		v := c.events(f, i)
		out.sums[0] += w
		out.sums[1] += float64(w * v)
		out.sums[2] += float64(w * float64(v*v))
		out.n++
		w = float64(w * f.decay)
	}
	return out
}

// compare returns what a rule reads of the value x: z says little before the
// baseline has some values, and nothing before it has two.
func (p baseline) compare(x float64) reading {
	if p.n == 0 || p.sums[0] == 0 {
		return reading{math.NaN(), math.NaN(), 0}
	}
	mean, variance := moments(p.sums)
	far, deviation := x-mean, max(math.Sqrt(variance), leanZ*math.Abs(mean))
	z := 0.0
	switch {
	case p.n < 2:
		z = math.NaN()
	case far != 0 && deviation == 0:
		z = math.Copysign(mostZ, far)
	case far != 0:
		z = max(-mostZ, min(mostZ, far/deviation))
	}
	return reading{mean, z, p.n}
}

func (c *ewmaCell) bytes() int { return c.ring.bytes() + 8*4 }

func (c *ewmaCell) save(w *stateWriter) {
	c.ring.save(w)
	w.number(c.first)
	for _, v := range c.last {
		w.float(v)
	}
}

func (c *ewmaCell) load(r *stateReader, f *frame) {
	c.ring.load(r, f)
	c.first = r.number()
	for i := range c.last {
		c.last[i] = r.float()
	}
}
