package history

import (
	"errors"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/internal/canon"
)

var errNotObject = errors.New("body is no JSON object")

// loose reads the bodies that are not canonical: what ingest did not write, or
// holds numeric escapes.
type loose struct {
	parser  fastjson.Parser
	scratch []byte
	visit   func(key []byte, v *fastjson.Value)
}

// read returns the object that body is, good until the next call.
func (l *loose) read(body []byte) (*fastjson.Object, error) {
	v, err := l.parser.ParseBytes(body)
	if err != nil {
		return nil, err
	}
	if v.Type() != fastjson.TypeObject {
		return nil, errNotObject
	}
	return v.GetObject(), nil
}

// visit walks one member of a tree.
func (b *body) visit(key []byte, v *fastjson.Value) {
	n := b.members.find(view(key))
	if v.Type() != fastjson.TypeObject {
		b.value(key, n, b.loose.value(v))
		return
	}
	outer := b.enter(key, n)
	v.GetObject().Visit(b.loose.visit)
	b.leave(outer)
}

// value is v until the next call.
func (l *loose) value(v *fastjson.Value) canon.Value {
	kind := canon.Array
	switch v.Type() {
	case fastjson.TypeString:
		return canon.Value{Kind: canon.String, Text: v.GetStringBytes()}
	case fastjson.TypeNull:
		return canon.Value{Kind: canon.Null}
	case fastjson.TypeTrue:
		kind = canon.True
	case fastjson.TypeFalse:
		kind = canon.False
	case fastjson.TypeNumber:
		kind = canon.Number
	}
	l.scratch = v.MarshalTo(l.scratch[:0])
	return canon.Value{Kind: kind, Text: l.scratch}
}
