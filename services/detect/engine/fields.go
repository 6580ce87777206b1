package engine

import (
	"encoding/json"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
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
	return appendScalar(b, e.at(path))
}

// number implements fields.
func (e *event) number(path int) (float64, bool) {
	t := e.at(path)
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
