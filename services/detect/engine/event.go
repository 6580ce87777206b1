package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon"
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
	paths  []Path
	parser fastjson.Parser
	fast   *fastjson.Value // nil: body is not canonical, whole is set
	whole  ast.Object      // the event as OPA's input; nil until it is needed
	slots  []slot          // one for each path
	terms  terms
	order  *order
}

// slot is what stands at one path.
type slot struct {
	read bool
	term *ast.Term // nil: nothing
}

func newEvent(ps []Path) *event {
	return &event{paths: ps, slots: make([]slot, len(ps)), terms: newTerms(), order: newOrder()}
}

// reset makes ev the event under evaluation.
func (e *event) reset(ev cordon.Event) error {
	e.Event, e.fast, e.whole = ev, nil, nil
	clear(e.slots)
	if v, err := e.parser.ParseBytes(ev.Body); err == nil && e.order.canonical(ev.Body, v) {
		e.fast = v
		return nil
	}
	if !json.Valid(ev.Body) { // OPA's reader would take the first value of several
		return fmt.Errorf("event %s: the body is no JSON", ev.ID)
	}
	v, err := ast.ValueFromReader(bytes.NewReader(ev.Body))
	if err != nil {
		return fmt.Errorf("event %s: %w", ev.ID, err)
	}
	o, ok := v.(ast.Object)
	if !ok {
		return fmt.Errorf("event %s: the body is no JSON object", ev.ID)
	}
	e.whole = o
	return nil
}

// order checks that a parsed event means the same to fastjson as to
// encoding/json, which OPA uses. Ingest writes all events so.
type order struct {
	ok    bool
	last  []byte // key before the current one in the same object; nil for none
	text  []byte // scratch
	visit func(key []byte, v *fastjson.Value)
}

func newOrder() *order {
	o := &order{}
	o.visit = func(key []byte, v *fastjson.Value) {
		o.ok = o.ok && len(key) > 0 && bytes.Compare(o.last, key) < 0
		o.last = key
		if t := v.Type(); t != fastjson.TypeString {
			o.value(v, t)
			o.last = key
		}
	}
	return o
}

// canonical reports whether v, parsed from body, is an object of valid UTF-8
// without numeric escapes (they may be half a surrogate pair), whose keys are
// sorted and thus never there twice.
func (o *order) canonical(body []byte, v *fastjson.Value) bool {
	if v.Type() != fastjson.TypeObject || !utf8.Valid(body) || bytes.Contains(body, []byte(`\u`)) {
		return false
	}
	o.ok = true
	o.value(v, fastjson.TypeObject)
	return o.ok
}

func (o *order) value(v *fastjson.Value, t fastjson.Type) {
	switch t {
	case fastjson.TypeObject:
		o.last = nil
		v.GetObject().Visit(o.visit)
	case fastjson.TypeArray:
		for _, child := range v.GetArray() {
			o.value(child, child.Type())
		}
	case fastjson.TypeNumber: // fastjson lets "1e" and "nan" pass
		o.text = v.MarshalTo(o.text[:0])
		o.ok = o.ok && (digits(o.text) || json.Valid(o.text))
	}
}

// digits reports whether b is a whole number without sign or leading zero.
func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) == 1 || len(b) > 1 && b[0] != '0'
}

// at returns what stands at path i, or nil.
func (e *event) at(i int) *ast.Term {
	s := &e.slots[i]
	if !s.read {
		s.read, s.term = true, e.find(e.paths[i])
	}
	return s.term
}

func (e *event) find(p Path) *ast.Term {
	if e.fast == nil {
		return findTerm(e.whole, p)
	}
	v := e.fast
	for _, key := range p {
		if v == nil || v.Type() != fastjson.TypeObject {
			return nil
		}
		v = v.Get(key)
	}
	if v == nil {
		return nil
	}
	return e.term(v)
}

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
	if e.whole == nil {
		e.whole = ast.NewObject(e.fields(e.fast)...)
	}
	return e.whole
}

func (e *event) term(v *fastjson.Value) *ast.Term {
	switch v.Type() {
	case fastjson.TypeString:
		return e.terms.text(v.GetStringBytes())
	case fastjson.TypeNumber:
		return e.terms.number(v)
	case fastjson.TypeTrue:
		return ast.InternedTerm(true)
	case fastjson.TypeFalse:
		return ast.InternedTerm(false)
	case fastjson.TypeObject:
		return ast.ObjectTerm(e.fields(v)...)
	case fastjson.TypeArray:
		items := v.GetArray()
		terms := make([]*ast.Term, len(items))
		for i, item := range items {
			terms[i] = e.term(item)
		}
		return ast.ArrayTerm(terms...)
	}
	return ast.InternedNullTerm
}

func (e *event) fields(v *fastjson.Value) [][2]*ast.Term {
	o := v.GetObject()
	items := make([][2]*ast.Term, 0, o.Len()+1)
	o.Visit(func(key []byte, child *fastjson.Value) {
		items = append(items, [2]*ast.Term{e.terms.text(key), e.term(child)})
	})
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
