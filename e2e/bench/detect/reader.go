package main

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"
)

// reader makes OPA's values of JSON, several times as fast as OPA does: keys
// become terms once.
type reader struct {
	parser fastjson.Parser
	keys   map[string]*ast.Term
}

func newReader() *reader { return &reader{keys: map[string]*ast.Term{}} }

func (r *reader) value(body []byte) (ast.Value, error) {
	v, err := r.parser.ParseBytes(body)
	if err != nil {
		return nil, err
	}
	return r.term(v).Value, nil
}

func (r *reader) term(v *fastjson.Value) *ast.Term {
	switch v.Type() {
	case fastjson.TypeObject:
		return r.object(v.GetObject())
	case fastjson.TypeArray:
		items := v.GetArray()
		terms := make([]*ast.Term, 0, len(items))
		for _, item := range items {
			terms = append(terms, r.term(item))
		}
		return ast.ArrayTerm(terms...)
	case fastjson.TypeString:
		return ast.StringTerm(string(v.GetStringBytes()))
	case fastjson.TypeNumber:
		return ast.NumberTerm(json.Number(v.MarshalTo(nil)))
	case fastjson.TypeTrue, fastjson.TypeFalse:
		return ast.InternedTerm(v.GetBool())
	}
	return ast.InternedNullTerm
}

func (r *reader) object(o *fastjson.Object) *ast.Term {
	items := make([][2]*ast.Term, 0, o.Len())
	o.Visit(func(key []byte, v *fastjson.Value) {
		k, ok := r.keys[string(key)]
		if !ok {
			k = ast.StringTerm(string(key))
			r.keys[string(key)] = k
		}
		items = append(items, [2]*ast.Term{k, r.term(v)})
	})
	return ast.ObjectTerm(items...)
}
