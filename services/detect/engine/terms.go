package engine

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
)

// terms makes terms of short scalars and keeps them, because most events are
// made of the same few names, addresses and numbers. A term is never changed,
// so that it may stand in any number of documents.
type terms struct {
	texts   map[string]*ast.Term
	numbers map[string]*ast.Term
}

const (
	mostTerms  = 8192 // of either kind; then it begins anew
	longestKey = 40   // bytes of a text that is kept
)

func newTerms() terms {
	return terms{texts: map[string]*ast.Term{}, numbers: map[string]*ast.Term{}}
}

// text returns b as a term that shares no memory with it.
func (ts *terms) text(b []byte) *ast.Term {
	if t, ok := ts.texts[string(b)]; ok {
		return t
	}
	s := string(b)
	t := ast.StringTerm(s)
	if len(s) <= longestKey {
		keep(ts.texts, s, t)
	}
	return t
}

// number returns the number of these digits as a term, with its digits as they
// stand.
func (ts *terms) number(digits []byte) *ast.Term {
	if t, ok := ts.numbers[string(digits)]; ok {
		return t
	}
	s := string(digits)
	t := ast.NumberTerm(json.Number(s))
	if len(s) <= 6 { // longer ones are times and byte counts: different each time
		keep(ts.numbers, s, t)
	}
	return t
}

func keep(m map[string]*ast.Term, key string, t *ast.Term) {
	if len(m) >= mostTerms {
		clear(m)
	}
	m[key] = t
}
