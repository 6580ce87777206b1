package engine

import "math"

// cell is the state of one window for one key. Times are milliseconds of event
// time; they arrive in any order.
type cell interface {
	// add counts an event; of is the value of the window's `of`. It reports
	// false when the event is too late to be counted.
	add(w *frame, at int64, of sample) bool
	// read returns the fields of the window as seen at a time, or false where
	// nothing can be said.
	read(w *frame, at int64) (reading, bool)
	// save writes the cell; load reads it into a new one.
	save(to *stateWriter)
	load(from *stateReader, w *frame)
}

// sample is what an event contributes.
type sample struct {
	text   string // distinct: the value, as appendScalar writes it
	number float64
}

// reading is the value of a window; which fields count depends on its kind.
type reading [3]float64

// frame is the shape of a window in milliseconds.
type frame struct {
	kind    Kind
	step    int64
	width   int64 // sub-buckets
	gap     int64
	max     int
	overS   float64
	overMS  int64
	summing bool // rate of a sum
}

func newFrame(w Window) *frame {
	over, step := w.Over.Milliseconds(), w.Step.Milliseconds()
	return &frame{
		kind: w.Kind, step: step, width: (over + step - 1) / step, gap: w.Gap.Milliseconds(), max: w.Max,
		overS: float64(over) / 1000, overMS: over, summing: w.Of != nil,
	}
}

func (f *frame) bucket(at int64) int64 {
	b := at / f.step
	if at%f.step < 0 {
		b--
	}
	return b
}

func (f *frame) newCell() cell {
	switch f.kind {
	case Distinct:
		return &distinctCell{last: map[string]int64{}}
	case FirstSeen:
		return &seenCell{}
	case Interval:
		return &intervalCell{ring: ring{columns: make([][3]float64, f.width)}}
	}
	return &sumCell{ring: ring{columns: make([][3]float64, f.width)}}
}

// ring holds the sub-buckets of one window: the newest is head, the oldest
// head-width+1. What is older is forgotten.
type ring struct {
	used    bool
	head    int64
	columns [][3]float64
}

// at returns the sums of bucket b, or nil when b is forgotten.
func (r *ring) at(b int64) *[3]float64 {
	width := int64(len(r.columns))
	switch {
	case !r.used || b-r.head >= width:
		clear(r.columns)
		r.used, r.head = true, b
	case r.head-b >= width:
		return nil
	}
	for ; r.head < b; r.head++ {
		r.columns[floorMod(r.head+1, width)] = [3]float64{}
	}
	return &r.columns[floorMod(b, width)]
}

// total sums the window that ends with bucket b; false if it is forgotten.
func (r *ring) total(b int64) (sum [3]float64, ok bool) {
	width := int64(len(r.columns))
	if !r.used || b-r.head >= width {
		return sum, true
	}
	if r.head-b >= width {
		return sum, false
	}
	for i := max(b-width, r.head-width) + 1; i <= min(b, r.head); i++ {
		c := &r.columns[floorMod(i, width)]
		for j := range sum {
			sum[j] += c[j]
		}
	}
	return sum, true
}

func floorMod(a, n int64) int64 { return (a%n + n) % n }

// sumCell serves count, sum and rate: events and the sum of `of`.
type sumCell struct{ ring ring }

func (c *sumCell) add(f *frame, at int64, of sample) bool {
	sums := c.ring.at(f.bucket(at))
	if sums == nil {
		return false
	}
	sums[0]++
	sums[1] += of.number
	return true
}

func (c *sumCell) read(f *frame, at int64) (reading, bool) {
	t, ok := c.ring.total(f.bucket(at))
	switch f.kind {
	case Sum:
		return reading{t[1], t[0]}, ok
	case Rate:
		if f.summing {
			return reading{t[1] / f.overS, t[0]}, ok
		}
		return reading{t[0] / f.overS, t[0]}, ok
	}
	return reading{t[0]}, ok
}

// distinctCell knows in which bucket each value was last seen.
type distinctCell struct {
	used bool
	head int64 // newest bucket
	last map[string]int64
}

func (c *distinctCell) add(f *frame, at int64, of sample) bool {
	b := f.bucket(at)
	if c.used && c.head-b >= f.width {
		return false
	}
	if !c.used || b > c.head {
		c.used, c.head = true, b
	}
	last, known := c.last[of.text]
	if !known && len(c.last) >= f.max {
		c.forget(f)
		if len(c.last) >= f.max {
			return true // saturated: more values make no difference
		}
	}
	if !known || b > last {
		c.last[of.text] = b
	}
	return true
}

func (c *distinctCell) forget(f *frame) {
	for v, b := range c.last { // deletes what is old whatever the order
		if c.head-b >= f.width {
			delete(c.last, v)
		}
	}
}

func (c *distinctCell) read(f *frame, at int64) (reading, bool) {
	end := f.bucket(at)
	if c.used && c.head-end >= f.width {
		return reading{}, false
	}
	n := 0
	for _, b := range c.last { // a count, whatever the order
		if b <= end && end-b < f.width {
			n++
		}
	}
	return reading{float64(n)}, true
}

// seenCell knows when something was first and last seen.
type seenCell struct {
	used        bool
	first, last int64
	count       float64
}

func (c *seenCell) add(f *frame, at int64, _ sample) bool {
	if !c.used || at-c.last > f.overMS {
		*c = seenCell{used: true, first: at, last: at, count: 1}
		return true
	}
	c.first, c.last = min(c.first, at), max(c.last, at)
	c.count++
	return true
}

func (c *seenCell) read(f *frame, at int64) (reading, bool) {
	if !c.used || at-c.last > f.overMS || at < c.first {
		return reading{}, false
	}
	return reading{float64(at-c.first) / 1000, c.count}, true
}

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
	sums := c.ring.at(f.bucket(at))
	sums[0]++
	sums[1] += d
	sums[2] += float64(d * d) // the conversion forbids fusing, which arm64 would do
	return true
}

func (c *intervalCell) read(f *frame, at int64) (reading, bool) {
	t, ok := c.ring.total(f.bucket(at))
	if !ok || t[0] == 0 {
		return Interval.empty(), ok
	}
	mean := t[1] / t[0]
	variance := max(0, t[2]/t[0]-float64(mean*mean))
	return reading{t[0], mean / 1000, math.Sqrt(variance) / mean}, true
}
