package engine

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// window is one declared window of one policy, compiled.
type window struct {
	Window
	frame *frame
	by    []int // numbers of paths
	of    int   // number of a path, -1 for none
	names []*ast.Term
}

func newWindow(w Window, ps *paths) *window {
	c := &window{Window: w, frame: newFrame(w), of: -1}
	for _, p := range w.By {
		c.by = append(c.by, ps.number(p))
	}
	if w.Of != nil {
		c.of = ps.number(w.Of)
	}
	for _, f := range w.Kind.fields() {
		c.names = append(c.names, ast.StringTerm(f))
	}
	return c
}

// windowState is what one partition remembers for a window.
type windowState struct {
	*window
	cells  *lru[cell]
	counts *WindowCounts
	key    []byte // scratch
	value  []byte // scratch
}

// appendKey returns the key of ev, or false if a field of it is missing.
func (s *windowState) appendKey(ev *event) ([]byte, bool) {
	s.key = s.key[:0]
	for _, i := range s.by {
		var ok bool
		if s.key, ok = appendScalar(s.key, ev.at(i)); !ok {
			return nil, false
		}
	}
	return s.key, true
}

// observe counts ev. An event without one of the fields of the window is not
// counted.
func (s *windowState) observe(ev *event) {
	of, ok := s.sample(ev)
	if !ok {
		return
	}
	key, ok := s.appendKey(ev)
	if !ok {
		return
	}
	e, evicted := s.cells.use(key, s.frame.newCell)
	if evicted {
		s.counts.Evicted.Add(1)
	}
	if !e.value.add(s.frame, ev.Time.UnixMilli(), of) {
		s.counts.Late.Add(1)
	}
}

func (s *windowState) sample(ev *event) (sample, bool) {
	if s.of < 0 {
		return sample{}, true
	}
	t := ev.at(s.of)
	if s.Kind == Distinct {
		v, ok := appendScalar(s.value[:0], t)
		s.value = v
		return sample{text: string(v)}, ok
	}
	if t == nil {
		return sample{}, false
	}
	n, ok := t.Value.(ast.Number)
	if !ok {
		return sample{}, false
	}
	f, err := json.Number(n).Float64()
	return sample{number: f}, err == nil
}

// read returns the window as ev sees it, or false where it says nothing.
func (s *windowState) read(ev *event) (reading, bool) {
	key, ok := s.appendKey(ev)
	if !ok {
		return reading{}, false
	}
	c, ok := s.cells.get(key)
	if !ok {
		return s.Kind.empty(), s.Kind != FirstSeen
	}
	return c.read(s.frame, ev.Time.UnixMilli())
}

// empty is what a key without events reads: zeros, but an interval without
// gaps has no mean.
func (k Kind) empty() reading {
	if k == Interval {
		return reading{0, math.NaN(), math.NaN()}
	}
	return reading{}
}

// field returns the i-th field of r, nil for one that has no value.
func (r reading) field(i int) *ast.Term {
	f := r[i]
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return ast.InternedTerm(int64(f))
	}
	return ast.NumberTerm(json.Number(strconv.FormatFloat(f, 'f', -1, 64)))
}

// object returns r as a rule sees it below input.windows.
func (w *window) object(r reading) *ast.Term {
	items := make([][2]*ast.Term, 0, len(w.names))
	for i, name := range w.names {
		if t := r.field(i); t != nil {
			items = append(items, [2]*ast.Term{name, t})
		}
	}
	return ast.ObjectTerm(items...)
}
