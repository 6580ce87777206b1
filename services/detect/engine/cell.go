package engine

import "cmp"

// cell is the state of one window for one key. Times are milliseconds of event
// time; they arrive in any order.
type cell interface {
	// add counts an event; of is the value of the window's `of`. It reports
	// false when the event is too late to be counted.
	add(w *frame, at int64, of sample) bool
	// read returns the fields of the window as seen at a time, or false where
	// nothing can be said.
	read(w *frame, at int64) (reading, bool)
	// bytes is about how much memory the cell takes. It depends on nothing but
	// what the cell knows, so that a cell that is loaded takes as much.
	bytes() int
	// save writes the cell; load reads it into a new one.
	save(to *stateWriter)
	load(from *stateReader, w *frame)
}

// sample is what an event contributes.
type sample struct {
	text   []byte  // distinct: the value, as appendScalar writes it; not kept
	number float64 // of a window with `of`
	step   int     // of a sequence
}

// frame is the shape of a window in milliseconds.
type frame struct {
	kind    Kind
	step    int64
	width   int64 // sub-buckets
	sums    int   // numbers in a sub-bucket
	gap     int64
	max     int
	overS   float64
	overMS  int64
	summing bool // there is an `of`
	steps   int
	decay   float64 // ewma: weight of a sub-bucket, if that of the next one is 1
}

func newFrame(w Window) *frame {
	over := w.Over.Milliseconds()
	step := cmp.Or(w.Step.Milliseconds(), over)
	f := &frame{
		kind: w.Kind, step: step, width: (over + step - 1) / step, gap: w.Gap.Milliseconds(), max: w.Max,
		overS: float64(over) / 1000, overMS: over, summing: w.Of != nil, steps: len(w.Steps),
	}
	f.decay = float64(f.width-1) / float64(f.width+1)
	f.sums = f.columns()
	return f
}

// columns is how many numbers a sub-bucket has, 0 where there are none.
func (f *frame) columns() int {
	switch f.kind {
	case Count:
		return 1
	case Sum:
		return 2
	case Interval:
		return 3
	case Rate:
		if f.summing {
			return 2
		}
		return 1
	case EWMA:
		if f.summing {
			return 3
		}
		return 1
	}
	return 0
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
		return newDistinctCell(f)
	case FirstSeen:
		return &firstCell{}
	case LastSeen:
		return &lastCell{}
	case Interval:
		return &intervalCell{ring: newRing(f)}
	case EWMA:
		return &ewmaCell{ring: newRing(f)}
	case Sequence:
		return newSequenceCell(f)
	case Absence:
		return &absenceCell{}
	}
	return &sumCell{ring: newRing(f)}
}

// sumCell serves count, sum and rate: events and the sum of `of`.
type sumCell struct{ ring ring }

func (c *sumCell) add(f *frame, at int64, of sample) bool {
	sums := c.ring.at(f, f.bucket(at))
	if sums == nil {
		return false
	}
	sums[0]++
	if len(sums) > 1 {
		sums[1] += of.number
	}
	return true
}

func (c *sumCell) read(f *frame, at int64) (reading, bool) {
	t, ok := c.ring.total(f, f.bucket(at))
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

func (c *sumCell) bytes() int { return c.ring.bytes() }

func (c *sumCell) save(w *stateWriter) { c.ring.save(w) }

func (c *sumCell) load(r *stateReader, f *frame) { c.ring.load(r, f) }
