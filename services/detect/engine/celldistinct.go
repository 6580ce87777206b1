package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// distinctCell knows in which bucket each value was seen last. It knows the
// values of the window that ends with its newest bucket and no others, so that
// what it knows follows from the events alone.
type distinctCell struct {
	used   bool
	head   int64
	values []lastValue
	index  map[string]int // places in values; nil while there are few
	counts []int32        // values by bucket
	size   int            // bytes of values
}

// lastValue is a value with the bucket of its newest event.
type lastValue struct {
	text   string
	bucket int64
}

const (
	fewValues  = 8  // are found faster without a map
	valueBytes = 64 // memory that a value takes besides its text
)

func newDistinctCell(f *frame) *distinctCell {
	return &distinctCell{counts: make([]int32, f.width)}
}

// add counts a value. Beyond frame.max of them, more make no difference.
func (c *distinctCell) add(f *frame, at int64, of sample) bool {
	b := f.bucket(at)
	if c.used && c.head-b >= f.width {
		return false
	}
	c.advance(f, b)
	i := c.find(of.text)
	switch {
	case i < 0 && len(c.values) < f.max:
		c.insert(lastValue{string(of.text), b})
		c.counts[floorMod(b, f.width)]++
	case i >= 0 && c.values[i].bucket < b:
		c.counts[floorMod(c.values[i].bucket, f.width)]--
		c.counts[floorMod(b, f.width)]++
		c.values[i].bucket = b
	}
	return true
}

// find returns the place of a value, -1 for none.
func (c *distinctCell) find(text []byte) int {
	if c.index != nil {
		if i, ok := c.index[string(text)]; ok {
			return i
		}
		return -1
	}
	for i := range c.values {
		if c.values[i].text == string(text) {
			return i
		}
	}
	return -1
}

func (c *distinctCell) insert(v lastValue) {
	c.size += valueBytes + len(v.text)
	c.values = append(c.values, v)
	switch {
	case c.index != nil:
		c.index[v.text] = len(c.values) - 1
	case len(c.values) > fewValues:
		c.index = make(map[string]int, 2*fewValues)
		for i, v := range c.values {
			c.index[v.text] = i
		}
	}
}

// advance makes b the newest bucket, if it is newer, and forgets what is older
// than the window then.
func (c *distinctCell) advance(f *frame, b int64) {
	if !c.used {
		c.used, c.head = true, b
	}
	if b <= c.head {
		return
	}
	var gone int32
	for i := range min(b-c.head, f.width) {
		n := &c.counts[floorMod(b-i, f.width)]
		gone += *n
		*n = 0
	}
	c.head = b
	if gone > 0 {
		c.forget(b - f.width)
	}
}

// forget drops the values that were seen last in bucket b or before.
func (c *distinctCell) forget(b int64) {
	for i := len(c.values) - 1; i >= 0; i-- {
		v := c.values[i]
		if v.bucket > b {
			continue
		}
		c.size -= valueBytes + len(v.text)
		last := len(c.values) - 1
		c.values[i] = c.values[last]
		c.values[last] = lastValue{}
		c.values = c.values[:last]
		if c.index != nil {
			if i < last {
				c.index[c.values[i].text] = i
			}
			delete(c.index, v.text)
		}
	}
	if len(c.values) == 0 {
		c.values, c.index = nil, nil // a burst need not hold its memory for ever
	}
}

func (c *distinctCell) read(f *frame, at int64) (reading, bool) {
	end := f.bucket(at)
	switch {
	case !c.used || end-c.head >= f.width:
		return reading{}, true
	case c.head-end >= f.width:
		return reading{}, false
	case end == c.head:
		return reading{float64(len(c.values))}, true
	}
	n := int32(0)
	for b := max(end, c.head) - f.width + 1; b <= min(end, c.head); b++ {
		n += c.counts[floorMod(b, f.width)]
	}
	return reading{float64(n)}, true
}

func (c *distinctCell) bytes() int { return 8*12 + 4*len(c.counts) + c.size }

// save writes the values in their order: where they stand depends on what was
// forgotten.
func (c *distinctCell) save(w *stateWriter) {
	w.bool(c.used)
	if !c.used {
		return
	}
	w.number(c.head)
	w.values = append(w.values[:0], c.values...)
	slices.SortFunc(w.values, func(a, b lastValue) int { return strings.Compare(a.text, b.text) })
	w.count(len(w.values))
	for _, v := range w.values {
		w.text(v.text)
		w.count(int(c.head - v.bucket))
	}
}

func (c *distinctCell) load(r *stateReader, f *frame) {
	if c.used = r.bool(); !c.used {
		return
	}
	c.head = r.number()
	last := ""
	for i := range r.count(f.max) {
		v := lastValue{r.text(), c.head - int64(r.count(int(f.width)-1))}
		if r.err != nil {
			return
		}
		if i > 0 && cmp.Compare(last, v.text) >= 0 {
			r.fail(fmt.Errorf("%w: values are not in their order", errState))
			return
		}
		last = v.text
		c.insert(v)
		c.counts[floorMod(v.bucket, f.width)]++
	}
}
