package engine

import (
	"bytes"
	"testing"
)

// What windows read from the bytes of an event is what its terms say.
func TestFieldsAreTerms(t *testing.T) {
	p := mustLoad(t, one(plain+`
windows:
  n: {kind: distinct, by: [input.device.uid, input.a], of: input.b, over: 1m}
  s: {kind: sum, by: [input.device.uid], of: input.c, over: 1m}`, `
observe contains "n" if input.a
observe contains "s" if input.a
findings contains "x" if input.windows.n.distinct > 100`))
	e := New(p, Options{})
	scalars := []string{
		`"x"`, `""`, `"é"`, `"a\"b\n"`, `"1"`, `1`, `1.0`, `-0`, `-12.5e3`, `12345678901234567890`, `0.1`, `1e400`, `123456789012345678901.5`,
		`true`, `false`, `null`, `[1]`, `{"x":1}`,
	}
	looked := 0
	for i, a := range scalars {
		for _, c := range scalars {
			body := `{"a":` + a + `,"b":` + c + `,"c":` + c + `,"device":{"uid":"d"}}`
			if err := e.event.reset(at(float64(i), body)); err != nil {
				t.Fatal(err)
			}
			for path := range p.paths {
				_, _, ok := e.event.slotAt(path)
				got, isScalar := e.event.appendField(nil, path)
				number, isNumber := e.event.number(path)
				term := e.event.at(path)
				want, wantScalar := appendScalar(nil, term)
				wantNumber, wantIsNumber := numberOf(term)
				if !bytes.Equal(got, want) || isScalar != wantScalar {
					t.Errorf("appendField(%v) of %s = %q, %t; want %q, %t", p.paths[path], body, got, isScalar, want, wantScalar)
				}
				if isNumber != wantIsNumber || isNumber && number != wantNumber {
					t.Errorf("number(%v) of %s = %v, %t; want %v, %t", p.paths[path], body, number, isNumber, wantNumber, wantIsNumber)
				}
				if ok {
					looked++
				}
			}
		}
	}
	if looked < 500 {
		t.Errorf("%d fields were read from bytes; want most", looked)
	}
}
