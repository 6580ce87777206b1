package engine

import (
	"fmt"
	"slices"
)

// save writes the buckets that hold something, by their age.
func (r *ring) save(w *stateWriter) {
	w.bool(r.used)
	if !r.used {
		return
	}
	w.number(r.head)
	filled := 0
	for _, c := range r.columns {
		if c != [3]float64{} {
			filled++
		}
	}
	w.count(filled)
	width := int64(len(r.columns))
	for age := range width {
		c := r.columns[floorMod(r.head-age, width)]
		if c == [3]float64{} {
			continue
		}
		w.count(int(age))
		for _, f := range c {
			w.float(f)
		}
	}
	w.room()
}

func (r *ring) load(from *stateReader) {
	if r.used = from.bool(); !r.used {
		return
	}
	r.head = from.number()
	width := len(r.columns)
	filled := from.count(width)
	for range filled {
		age := from.count(width - 1)
		c := &r.columns[floorMod(r.head-int64(age), int64(width))]
		for i := range c {
			c[i] = from.float()
		}
	}
}

func (c *sumCell) save(w *stateWriter) { c.ring.save(w) }

func (c *sumCell) load(r *stateReader, _ *frame) { c.ring.load(r) }

// save writes the values in their order, since a map has none.
func (c *distinctCell) save(w *stateWriter) {
	w.bool(c.used)
	if !c.used {
		return
	}
	w.number(c.head)
	w.values = w.values[:0]
	for v := range c.last {
		w.values = append(w.values, v)
	}
	slices.Sort(w.values)
	w.count(len(w.values))
	for _, v := range w.values {
		w.text(v)
		w.number(c.head - c.last[v])
	}
}

func (c *distinctCell) load(r *stateReader, f *frame) {
	if c.used = r.bool(); !c.used {
		return
	}
	c.head = r.number()
	n := r.count(f.max)
	for i := 0; i < n && r.err == nil; i++ {
		v := r.text()
		c.last[v] = c.head - r.number()
		if r.err == nil && len(c.last) != i+1 {
			r.fail(fmt.Errorf("%w: a value occurs twice", errState))
		}
	}
}

func (c *seenCell) save(w *stateWriter) {
	w.bool(c.used)
	w.number(c.first)
	w.number(c.last - c.first)
	w.float(c.count)
}

func (c *seenCell) load(r *stateReader, _ *frame) {
	c.used = r.bool()
	c.first = r.number()
	c.last = c.first + r.number()
	c.count = r.float()
}

func (c *intervalCell) save(w *stateWriter) {
	c.ring.save(w)
	w.bool(c.used)
	w.number(c.start)
	w.number(c.last - c.start)
}

func (c *intervalCell) load(r *stateReader, _ *frame) {
	c.ring.load(r)
	c.used = r.bool()
	c.start = r.number()
	c.last = c.start + r.number()
}
