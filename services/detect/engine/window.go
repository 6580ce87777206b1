package engine

import (
	"math"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon"
)

// window is one declared window of one policy, compiled.
type window struct {
	Window
	frame    *frame
	by       []int // numbers of paths
	of       int   // number of a path, -1 for none
	names    []*ast.Term
	observes string // the name that observe gives to what it counts
	step     int    // of a sequence: which one observes that is
	main     int    // number of the window that it is a step of, -1 for none
}

// newWindows compiles the windows of a policy. The window of a sequence
// observes its last step; for each of the others there is one more behind all
// that are declared, the last but one first. Observed in this order, an event
// that is two steps at once is not taken to come after itself.
func newWindows(ws []Window, ps *paths) []*window {
	out := make([]*window, 0, len(ws))
	for _, w := range ws {
		out = append(out, newWindow(w, ps))
	}
	for i, w := range ws {
		for step := len(w.Steps) - 2; step >= 0; step-- {
			c := *out[i]
			c.main, c.step, c.observes = i, step, w.Steps[step]
			out = append(out, &c)
		}
	}
	return out
}

func newWindow(w Window, ps *paths) *window {
	names := w.observers()
	last := max(0, len(names)-1)
	c := &window{Window: w, frame: newFrame(w), of: -1, observes: w.Name, step: last, main: -1}
	if last < len(names) {
		c.observes = names[last]
	}
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

// part tells the windows of one sequence apart.
func (w *window) part() string {
	if w.main < 0 {
		return ""
	}
	return " of " + w.observes
}

// windowState is what one partition remembers for a window.
type windowState struct {
	*window
	main   *windowState // whose step this is: that one remembers; else nil
	cells  *lru[cell]
	counts *WindowCounts
	due    int64  // absence: no key is overdue before this time
	key    []byte // scratch
	value  []byte // scratch
}

// newWindowStates returns the empty memory of ws, the windows of one policy,
// with most keys each.
func newWindowStates(ws []*window, most int, counts map[string]*WindowCounts) []*windowState {
	out := make([]*windowState, 0, len(ws))
	for _, w := range ws {
		s := &windowState{window: w, counts: counts[w.Name]}
		s.remember(newLRU[cell](most))
		out = append(out, s)
	}
	for _, s := range out {
		if s.window.main >= 0 {
			s.main = out[s.window.main]
		}
	}
	return out
}

// remember makes cells what s knows.
func (s *windowState) remember(cells *lru[cell]) {
	s.cells, s.due = cells, math.MinInt64
	cells.evicted = &s.counts.Evicted
}

// fields is where an event's values come from.
type fields interface {
	// appendField appends to b the form of the scalar at a path that
	// appendScalar gives it, and reports whether there is one.
	appendField(b []byte, path int) ([]byte, bool)
	// number is the number at a path, and whether there is one.
	number(path int) (float64, bool)
}

// appendKey returns the key of the event, or false if a field of it is missing.
func (s *windowState) appendKey(f fields) ([]byte, bool) {
	s.key = s.key[:0]
	for _, i := range s.by {
		var ok bool
		if s.key, ok = f.appendField(s.key, i); !ok {
			return nil, false
		}
	}
	return s.key, true
}

// observe counts ev.
func (s *windowState) observe(ev *event) { s.observeAt(ev.Time.UnixMilli(), ev) }

// observeAt counts an event of a time. One without a field of the window is
// not counted.
func (s *windowState) observeAt(at int64, f fields) {
	of, ok := s.sample(f)
	if !ok {
		return
	}
	to := s
	if s.main != nil {
		to = s.main
	}
	key, ok := to.appendKey(f)
	if !ok {
		return
	}
	e := to.cells.use(key, s.frame.newCell)
	before := e.value.bytes()
	if !e.value.add(s.frame, at, of) {
		s.counts.Late.Add(1)
	}
	to.cells.resize(e.value.bytes() - before)
	to.due = min(to.due, at+s.frame.overMS)
}

func (s *windowState) sample(f fields) (sample, bool) {
	switch {
	case s.of < 0:
		return sample{step: s.step}, true
	case s.Kind == Distinct:
		v, ok := f.appendField(s.value[:0], s.of)
		s.value = v
		return sample{text: v}, ok
	}
	n, ok := f.number(s.of)
	return sample{number: n}, ok && !math.IsInf(n, 0)
}

// read returns the window as ev sees it, or false where it says nothing.
func (s *windowState) read(ev *event) (reading, bool) {
	if s.Kind == Absence && ev.Class != cordon.TickType {
		return reading{}, false
	}
	return s.readAt(ev.Time.UnixMilli(), ev)
}

// readAt is read for an event of a time.
func (s *windowState) readAt(at int64, f fields) (reading, bool) {
	if s.main != nil {
		return reading{}, false // the sequence has its name
	}
	key, ok := s.appendKey(f)
	if !ok {
		return reading{}, false
	}
	c, ok := s.cells.get(key)
	if !ok {
		return s.Kind.empty()
	}
	return c.read(s.frame, at)
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
