package ocsf

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Unmapped holds fields of a source that OCSF has no place for, in any order
// and with a name at most once. Which names there may be is declared in the
// profile.
type Unmapped []Pair

// Pair is one field of Unmapped.
type Pair struct {
	Name  string
	Value Scalar
}

// Scalar is a string, integer, float or truth value.
type Scalar struct {
	kind scalarKind
	bits uint64
	text string
}

type scalarKind uint8

const (
	scalarString scalarKind = iota
	scalarInt
	scalarFloat
	scalarBool
)

// String is a field with a text; the empty text counts as absent.
func String(name, v string) Pair { return Pair{name, Scalar{kind: scalarString, text: v}} }

// Int is a field with an integer.
func Int(name string, v int64) Pair { return Pair{name, Scalar{kind: scalarInt, bits: uint64(v)}} }

// Float is a field with a number; NaN and infinities count as absent.
func Float(name string, v float64) Pair {
	return Pair{name, Scalar{kind: scalarFloat, bits: math.Float64bits(v)}}
}

// Bool is a field with a truth value.
func Bool(name string, v bool) Pair {
	s := Scalar{kind: scalarBool}
	if v {
		s.bits = 1
	}
	return Pair{name, s}
}

// Lookup returns the value of that name.
func (u Unmapped) Lookup(name string) (Scalar, bool) {
	for i := range u {
		if u[i].Name == name {
			return u[i].Value, true
		}
	}
	return Scalar{}, false
}

// Text is the value of that name if it is a text, else empty.
func (u Unmapped) Text(name string) string {
	s, _ := u.Lookup(name)
	return s.text
}

// Put adds p, or replaces the value of the same name.
func (u *Unmapped) Put(p Pair) {
	for i := range *u {
		if (*u)[i].Name == p.Name {
			(*u)[i].Value = p.Value
			return
		}
	}
	*u = append(*u, p)
}

// Any returns the value as string, int64, float64 or bool.
func (s Scalar) Any() any {
	switch s.kind {
	case scalarInt:
		return int64(s.bits)
	case scalarFloat:
		return math.Float64frombits(s.bits)
	case scalarBool:
		return s.bits != 0
	default:
		return s.text
	}
}

// absent says whether there is nothing to write.
func (s Scalar) absent() bool {
	switch s.kind {
	case scalarString:
		return s.text == ""
	case scalarFloat:
		f := math.Float64frombits(s.bits)
		return math.IsNaN(f) || math.IsInf(f, 0)
	default:
		return false
	}
}

func (s Scalar) appendJSON(dst []byte) []byte {
	switch s.kind {
	case scalarInt:
		return appendInt(dst, int64(s.bits))
	case scalarFloat:
		return appendFloat(dst, math.Float64frombits(s.bits))
	case scalarBool:
		return appendBool(dst, s.bits != 0)
	default:
		return appendString(dst, s.text)
	}
}

// AppendJSON appends the canonical encoding. It sorts u in place.
func (u Unmapped) AppendJSON(dst []byte) []byte {
	u.sort()
	n := len(dst)
	for i := range u {
		if u[i].Value.absent() || i > 0 && u[i-1].Name == u[i].Name {
			continue
		}
		dst = append(appendString(append(dst, ','), u[i].Name), ':')
		dst = u[i].Value.appendJSON(dst)
	}
	return closeObject(dst, n)
}

// sort is stable, so that of two equal names the first stays; it allocates
// nothing.
func (u Unmapped) sort() {
	slices.SortStableFunc(u, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
}

// empty says whether no pair would be written.
func (u Unmapped) empty() bool {
	for i := range u {
		if !u[i].Value.absent() {
			return false
		}
	}
	return true
}

// MarshalJSON is AppendJSON for encoding/json.
func (u Unmapped) MarshalJSON() ([]byte, error) { return u.AppendJSON(nil), nil }

// UnmarshalJSON reads an object of scalars.
func (u *Unmapped) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	*u = (*u)[:0]
	for name, raw := range fields {
		p, err := pairOf(name, raw)
		if err != nil {
			return err
		}
		*u = append(*u, p)
	}
	u.sort()
	return nil
}

func pairOf(name string, raw json.RawMessage) (Pair, error) {
	var s string
	var i int64
	var f float64
	var b bool
	switch {
	case json.Unmarshal(raw, &s) == nil && raw[0] == '"':
		return String(name, s), nil
	case json.Unmarshal(raw, &i) == nil && raw[0] != 'n':
		return Int(name, i), nil
	case json.Unmarshal(raw, &f) == nil && raw[0] != 'n':
		return Float(name, f), nil
	case json.Unmarshal(raw, &b) == nil && raw[0] != 'n':
		return Bool(name, b), nil
	}
	return Pair{}, fmt.Errorf("unmapped.%s: %s is no string, number or truth value", name, raw)
}
