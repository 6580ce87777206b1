package scan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// slotsOf returns the slots of the paths, which are written with dots, as text.
func slotsOf(paths, body string, trust bool) (string, bool) {
	var list [][]string
	for _, p := range strings.Fields(paths) {
		list = append(list, strings.FieldsFunc(p, func(c rune) bool { return c == '.' }))
	}
	slots := make([]Slot, len(list))
	if !Compile(list).Scan([]byte(body), slots, trust) {
		return "", false
	}
	names := []string{"", "string ", "number ", "true ", "false ", "null ", "object ", "array "}
	var out []string
	for _, s := range slots {
		text := names[s.Kind] + body[s.Start:s.End]
		if s.Escaped {
			text += " escaped"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; "), true
}

func TestScan(t *testing.T) {
	for _, c := range []struct{ name, paths, body, want string }{
		{"every kind", "a b c d e f g", `{"a":[1,{"x":2}],"b":-1.5e3,"c":true,"d":false,"e":null,"f":{"y":[]},"g":""}`,
			`array [1,{"x":2}]; number -1.5e3; true true; false false; null null; object {"y":[]}; string `},
		{"nothing there", "a b.c", `{}`, "; "},
		{"the object itself", ". a", `{"a":1}`, `object {"a":1}; number 1`},
		{"a path that begins another", "a a.b a.b.c", `{"a":{"b":{"c":1}}}`, `object {"b":{"c":1}}; object {"c":1}; number 1`},
		{"a path twice", "a b a", `{"a":1}`, "number 1; ; number 1"},
		{"no object on the way", "a.b b.b c.b", `{"a":[{"b":1}],"b":"b","c":1}`, "; ; "},
		{"empty on the way", "a.b c", `{"a":{},"c":2}`, "; number 2"},
		{"found and left behind", "a.b c", `{"a":{"a":"}","b":1,"z":["]"]},"c":2}`, "number 1; number 2"},
		{"nothing after an object", "a a.b", `{"a":{"b":1,"c":{"d":"}"}},"z":1}`, `object {"b":1,"c":{"d":"}"}}; number 1`},
		{"escapes", "a b c", `{"a":"\"","b":"\\","c":"x"}`, `string \" escaped; string \\ escaped; string x`},
		{"brackets in strings", "b", `{"a":["}","{\"]\\"],"b":1}`, "number 1"},
		{"keys that begin alike", "ab abcdefghijklmnopqr abcdefghijklmnopq", `{"a":1,"ab":2,"abc":3,"abcdefghijklmnop":4,"abcdefghijklmnopq":5,"abcdefghijklmnopqrs":6}`,
			"number 2; ; number 5"},
		{"not ASCII", "é 中", `{"é":"é","中":"中"}`, "string é; string 中"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, trust := range []bool{true, false} {
				got, ok := slotsOf(c.paths, c.body, trust)
				if diff := cmp.Diff(c.want, got); diff != "" || !ok {
					t.Errorf("Scan(%s, %t) = %t (-want +got):\n%s", c.body, trust, ok, diff)
				}
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"an array", `[]`}, {"a blank before", ` {}`}, {"a blank behind", `{} `}, {"nothing", ``}, {"half", `{`},
		{"a blank in an empty object", `{ }`}, {"a blank before a key", `{"a":{ "b":1}}`}, {"a blank behind a key", `{"a" :1}`},
		{"a blank before a value", `{"a": 1}`}, {"a blank behind a value", `{"a":1 }`}, {"a blank behind an object", `{"a":{"b":1} }`},
		{"a blank behind an array", `{"b":[] ,"c":1}`}, {"a blank behind a comma", `{"a":1, "b":1}`},
		{"a key twice", `{"a":1,"a":2}`}, {"keys out of order", `{"b":1,"a":1}`}, {"a key twice below", `{"a":{"b":1,"b":2}}`},
		{"a key again behind an object", `{"a":{"b":1},"a":2}`}, {"a key before an object", `{"a":{"b":1},"A":2}`},
		{"a long key again", `{"a_key_of_16_byte_1":1,"a_key_of_16_byte_1":1}`}, {"long keys out of order", `{"a_key_of_16_byte_2":1,"a_key_of_16_byte_1":1}`},
		{"an escaped key", `{"\u0061":1}`}, {"an escaped key below", `{"a":{"\u0062":1}}`}, {"an escaped quote in a key", `{"a\"":1}`},
		{"an escaped key that looks like a wanted one", `{"a\b":1,"c":"a long text, so that there is room"}`},
		{"a blank behind a number", `{"a":1 ,"b":"a long text, so that there is room"}`}, {"an empty key", `{"":1}`}, {"no end", `{"a":{"b":1}`}, {"more behind", `{}{}`}, {"no value", `{"a":}`},
	} {
		if got, ok := slotsOf(`a a.b a\b z`, c.body, false); ok {
			t.Errorf("%s: Scan(%s) = %s; want false", c.name, c.body, got)
		}
	}
}

func TestScanLooksOnlyOnTheWay(t *testing.T) {
	body := `{"a":{"y": 1,"x":2,"x":3,"\u0061":[ { "b":"\"" } ]},"b":[ ],"c":1}`
	want := `number 1; object ` + body[5:strings.Index(body, `,"b":[`)]
	if got, ok := slotsOf("c a", body, false); !ok || got != want {
		t.Errorf("Scan(%s) = %q, %t; want %q", body, got, ok, want)
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	p := Compile(wanted())
	slots := make([]Slot, p.Len())
	bodies, _ := events(50)
	escaped := fmt.Appendf(nil, `{"activity_id":1,"message":"%s","time":2}`, strings.Repeat(`\"`, 200))
	for i, body := range append(bodies, escaped) {
		if n := testing.AllocsPerRun(10, func() {
			p.Scan(body, slots, i%2 == 0)
			Plain(body)
			Float(body[:8])
		}); n != 0 {
			t.Errorf("Scan(%s) allocates %v times; want 0", body, n)
		}
	}
}
