package engine

import (
	"encoding/json"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// Kinds of scalars in keys. What differs in kind is another key: 1 is not "1".
const (
	keyText    byte = 's'
	keyNumber  byte = 'n'
	keyBoolean byte = 'b'
	keyEnd     byte = 0xff // in no UTF-8 text, so that keys cannot run together
)

const keyEnds = "\xff"

// appendRaw is appendScalar for a text, as it reads without escapes, or for the
// digits of a number.
func appendRaw(b []byte, kind byte, text []byte) []byte {
	b = append(b, kind)
	b = append(b, text...)
	return append(b, keyEnd)
}

func appendBoolean(b []byte, v bool) []byte {
	b = append(b, keyBoolean)
	if v {
		b = append(b, '1')
	}
	return append(b, keyEnd)
}

// rawNumber is the number of these digits. It does not allocate.
func rawNumber(digits []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(digits), 64)
	return f, err == nil
}

// appendField implements fields.
func (e *event) appendField(b []byte, path int) ([]byte, bool) {
	s, raw, ok := e.slotAt(path)
	if !ok {
		return appendScalar(b, e.at(path))
	}
	switch s.Kind {
	case scan.String:
		return appendRaw(b, keyText, raw), true
	case scan.Number:
		return appendRaw(b, keyNumber, raw), true
	case scan.True, scan.False:
		return appendBoolean(b, s.Kind == scan.True), true
	}
	return b, false
}

// number implements fields.
func (e *event) number(path int) (float64, bool) {
	s, raw, ok := e.slotAt(path)
	switch {
	case !ok:
		return numberOf(e.at(path))
	case s.Kind != scan.Number:
		return 0, false
	}
	if f, exact := scan.Float(raw); exact {
		return f, true
	}
	return rawNumber(raw)
}

// slotAt is where the event was looked through for a path, with its bytes;
// false where only its term says what it reads.
func (e *event) slotAt(path int) (s scan.Slot, raw []byte, ok bool) {
	if e.group == nil || e.group.slots[path] < 0 {
		return s, nil, false
	}
	s = e.slots[e.group.slots[path]]
	return s, e.Body[s.Start:s.End], s.Kind != scan.String || !s.Escaped
}

func numberOf(t *ast.Term) (float64, bool) {
	if t == nil {
		return 0, false
	}
	n, ok := t.Value.(ast.Number)
	if !ok {
		return 0, false
	}
	f, err := json.Number(n).Float64()
	return f, err == nil
}
