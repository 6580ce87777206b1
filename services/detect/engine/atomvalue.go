package engine

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// scalarOf is the value of a constant; false if its bytes do not say exactly
// what it is, as those of a long number.
func scalarOf(t *ast.Term) (value, bool) {
	v := valueOf(t)
	return v, !v.unsure && v.kind != scan.Array
}

// valueOf is the value of a term. Everything that is no scalar is an Array.
func valueOf(t *ast.Term) value {
	switch v := t.Value.(type) {
	case ast.String:
		return value{kind: scan.String, text: string(v)}
	case ast.Number:
		f, exact := scan.Float([]byte(v))
		return value{kind: scan.Number, number: f, unsure: !exact}
	case ast.Boolean:
		if v {
			return value{kind: scan.True}
		}
		return value{kind: scan.False}
	case ast.Null:
		return value{kind: scan.Null}
	}
	return value{kind: scan.Array}
}

func newSet() set {
	return set{texts: map[string]struct{}{}, numbers: map[float64]struct{}{}}
}

func setOf(v value) set {
	s := newSet()
	s.add(v)
	return s
}

func (s *set) add(v value) {
	switch v.kind {
	case scan.String:
		s.texts[v.text] = struct{}{}
	case scan.Number:
		s.numbers[v.number] = struct{}{}
	case scan.True:
		s.yes = true
	case scan.False:
		s.no = true
	case scan.Null:
		s.null = true
	default:
		s.composite = true
	}
}

// and returns what is in s or in o.
func (s set) and(o set) set {
	all := newSet()
	for _, x := range []set{s, o} {
		maps.Copy(all.texts, x.texts)
		maps.Copy(all.numbers, x.numbers)
		all.yes, all.no, all.null = all.yes || x.yes, all.no || x.no, all.null || x.null
		all.composite = all.composite || x.composite
	}
	return all
}

// setFrom is the set of the elements of a constant.
func setFrom(t *ast.Term) (set, bool) {
	s := newSet()
	all := eachOf(t, func(e *ast.Term) bool {
		v := valueOf(e)
		s.add(v)
		return !v.unsure
	})
	return s, all
}

// tableID names a table: the document, and the way down in each entry.
type tableID struct {
	doc  ast.Object
	rest string
}

// newTable collects what stands at rest, constant keys, in each entry of doc.
func newTable(doc ast.Object, rest []operand) *table {
	t := &table{entries: make(map[string]value, doc.Len())}
	doc.Foreach(func(k, v *ast.Term) {
		if key, ok := k.Value.(ast.String); ok {
			t.entries[string(key)] = below(v, rest)
		}
	})
	return t
}

// below is the value at rest in t.
func below(t *ast.Term, rest []operand) value {
	for _, r := range rest {
		doc, isObject := t.Value.(ast.Object)
		_, isText := r.term.Value.(ast.String)
		if !isObject || !isText {
			return value{kind: unknown}
		}
		if t = doc.Get(r.term); t == nil {
			return value{}
		}
	}
	return valueOf(t)
}

// at is what t holds for v, which stands at the path that is looked up.
func (t *table) at(v value) value {
	switch {
	case v.kind == scan.Missing:
		return v
	case v.kind != scan.String || v.unsure:
		return value{kind: unknown} // OPA finds a number under the text of its digits
	}
	return t.entries[v.text] // Missing where there is none
}
