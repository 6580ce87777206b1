package engine

import (
	"unsafe"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// look finds the group of the body, which is canonical or trusted to be, and
// what it is about. It leaves e.group nil where the body is seen not to be.
func (e *event) look() {
	e.group = nil
	g := e.index.rest
	if e.index.part >= 0 {
		var one [1]scan.Slot
		if !e.index.finder.Scan(e.Body, one[:], true) {
			return
		}
		if g = e.index.groupOf(e.scalar(one[0])); g == nil {
			return
		}
	}
	e.slots, e.values = e.slots[:g.width], e.values[:g.width]
	if g.width == 0 || g.paths.Scan(e.Body, e.slots, true) {
		clear(e.values)
		e.group = g
	}
}

// value is what from finds in the event, which has a group.
func (e *event) value(from place) value {
	i := e.group.slots[from.path]
	c := &e.values[i]
	if !c.read {
		c.read, c.value = true, e.scalar(e.slots[i])
	}
	if from.table != nil {
		return from.table.at(c.value)
	}
	return c.value
}

// seen is a value that was looked at.
type seen struct {
	read bool
	value
}

// scalar is the value at s, which shares the memory of the body.
func (e *event) scalar(s scan.Slot) value {
	v := value{kind: s.Kind}
	raw := e.Body[s.Start:s.End]
	switch s.Kind {
	case scan.String:
		v.unsure = s.Escaped
		v.text = unsafe.String(unsafe.SliceData(raw), len(raw)) //nolint:gosec // bodies are not changed
	case scan.Number:
		var exact bool
		v.number, exact = scan.Float(raw)
		v.unsure = !exact
	}
	return v
}

// slotTerm returns the term at path i if the event was looked through for it.
func (e *event) slotTerm(i int) (t *ast.Term, ok bool) {
	if e.group == nil || e.group.slots[i] < 0 {
		return nil, false
	}
	s := e.slots[e.group.slots[i]]
	raw := e.Body[s.Start:s.End]
	switch s.Kind {
	case scan.Missing:
		return nil, true
	case scan.String:
		if s.Escaped {
			return nil, false
		}
		return e.terms.text(raw), true
	case scan.Number:
		return e.terms.number(raw), true
	case scan.True, scan.False:
		return ast.InternedTerm(s.Kind == scan.True), true
	case scan.Null:
		return ast.InternedNullTerm, true
	}
	return nil, false
}
