package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// windowsKey is the key below input that belongs to the engine. Ingest refuses
// it from outside.
const windowsKey = "windows"

// paths numbers the places in an event that a pack looks at.
type paths struct {
	list  []Path
	index map[string]int
}

func (ps *paths) number(p Path) int {
	key := strings.Join(p, "\x00")
	if i, ok := ps.index[key]; ok {
		return i
	}
	if ps.index == nil {
		ps.index = map[string]int{}
	}
	i := len(ps.list)
	ps.list = append(ps.list, p)
	ps.index[key] = i
	return i
}

// event is the event under evaluation, read as far as somebody asked. It owns
// its memory; nothing that it returns changes when the next event is read.
type event struct {
	cordon.Event
	again bool // evaluated once more on purpose: nothing is suppressed
	paths []Path
	index *index
	trust bool

	group  *group      // nil: not looked through
	slots  []scan.Slot // of the group's paths
	values []seen      // at these

	doc   canon.Document
	read  bool       // the body is in doc or, if it is not canonical, in whole
	whole ast.Object // the event as OPA's input; nil until it is needed
	found []slot     // one for each path
	terms terms
}

// slot is what stands at one path.
type slot struct {
	read bool
	term *ast.Term // nil: nothing
}

func newEvent(ps []Path, x *index, trust bool) *event {
	return &event{
		paths: ps, index: x, trust: trust, slots: make([]scan.Slot, len(ps)), values: make([]seen, len(ps)),
		found: make([]slot, len(ps)), terms: newTerms(),
	}
}

// reset makes ev the event under evaluation.
func (e *event) reset(ev cordon.Event) error {
	e.Event, e.read, e.whole = ev, false, nil
	clear(e.found)
	if !e.trust {
		if err := e.load(); err != nil {
			return err
		}
		if e.whole != nil { // in no form that can be looked through
			e.group = nil
			return nil
		}
	}
	e.look()
	if e.group == nil {
		return e.load()
	}
	return nil
}

// load reads the whole body.
func (e *event) load() error {
	if e.read {
		return nil
	}
	e.read = true
	if e.doc.Read(e.Body) { // as ingest writes all events
		return nil
	}
	e.whole = ast.NewObject()
	if !json.Valid(e.Body) { // OPA's reader would take the first value of several
		return fmt.Errorf("event %s: the body is no JSON", e.ID)
	}
	v, err := ast.ValueFromReader(bytes.NewReader(e.Body))
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	o, ok := v.(ast.Object)
	if !ok {
		return fmt.Errorf("event %s: the body is no JSON object", e.ID)
	}
	e.whole = o
	return nil
}

// at returns what stands at path i, or nil.
func (e *event) at(i int) *ast.Term {
	s := &e.found[i]
	if !s.read {
		s.read, s.term = true, e.fetch(i)
	}
	return s.term
}

func (e *event) fetch(i int) *ast.Term {
	if t, ok := e.slotTerm(i); ok {
		return t
	}
	return e.find(e.paths[i])
}

// find looks for p in the whole body.
func (e *event) find(p Path) *ast.Term {
	if e.loaded(); e.whole != nil {
		return findTerm(e.whole, p)
	}
	if at, ok := e.doc.Find(p); ok {
		return e.term(at)
	}
	return nil
}

// loaded is load for a body that is trusted. One that is no JSON after all says
// nothing.
func (e *event) loaded() { _ = e.load() }

func findTerm(o ast.Object, p Path) *ast.Term {
	var t *ast.Term
	for i, key := range p {
		if i > 0 {
			var ok bool
			if o, ok = t.Value.(ast.Object); !ok {
				return nil
			}
		}
		if t = o.Get(ast.StringTerm(key)); t == nil {
			return nil
		}
	}
	return t
}

// input returns the event as OPA's input, without windows.
func (e *event) input() ast.Object {
	if e.loaded(); e.whole == nil {
		e.whole = ast.NewObject(e.fields(0, e.doc.Len())...)
	}
	return e.whole
}

// term is the value of member i of the body.
func (e *event) term(i int) *ast.Term {
	v := e.doc.Value(i)
	switch v.Kind {
	case canon.String:
		return e.terms.text(v.Text)
	case canon.Number:
		return e.terms.number(v.Text)
	case canon.True:
		return ast.InternedTerm(true)
	case canon.False:
		return ast.InternedTerm(false)
	case canon.Object:
		return ast.ObjectTerm(e.fields(i+1, e.doc.Next(i))...)
	case canon.Array:
		var items []*ast.Term
		for j := i + 1; j < e.doc.Next(i); j = e.doc.Next(j) {
			items = append(items, e.term(j))
		}
		return ast.ArrayTerm(items...)
	}
	return ast.InternedNullTerm
}

// fields are the members of the body from one to before another.
func (e *event) fields(from, to int) [][2]*ast.Term {
	items := make([][2]*ast.Term, 0, to-from+1)
	for i := from; i < to; i = e.doc.Next(i) {
		items = append(items, [2]*ast.Term{e.terms.text(e.doc.Key(i)), e.term(i)})
	}
	return items
}

// appendScalar appends a form of t to b that differs from that of every other
// scalar, and whether t is a scalar.
func appendScalar(b []byte, t *ast.Term) ([]byte, bool) {
	if t == nil {
		return b, false
	}
	switch v := t.Value.(type) {
	case ast.String:
		b = append(b, 's')
		b = append(b, v...)
	case ast.Number:
		b = append(b, 'n')
		b = append(b, v...)
	case ast.Boolean:
		b = append(b, 'b')
		if v {
			b = append(b, '1')
		}
	default:
		return b, false
	}
	return append(b, 0xff), true // in no UTF-8 text, so that keys cannot run together
}
