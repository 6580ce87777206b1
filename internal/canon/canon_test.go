package canon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// render is d as JSON again, from what its methods say.
func render(d *Document) string {
	var b strings.Builder
	b.WriteString("{")
	members(&b, d, 0, d.Len())
	b.WriteString("}")
	return b.String()
}

func members(b *strings.Builder, d *Document, from, to int) {
	for i := from; i < to; i = d.Next(i) {
		if i > from {
			b.WriteString(",")
		}
		if key := d.Key(i); len(key) > 0 {
			fmt.Fprintf(b, "\"%s\":", key)
		}
		value(b, d, i)
	}
}

func value(b *strings.Builder, d *Document, i int) {
	switch v := d.Value(i); v.Kind {
	case Object:
		b.WriteString("{")
		members(b, d, i+1, d.Next(i))
		b.WriteString("}")
	case Array:
		b.WriteString("[")
		members(b, d, i+1, d.Next(i))
		b.WriteString("]")
	case String:
		text, _ := json.Marshal(string(v.Text)) //nolint:errchkjson // strings marshal
		b.Write(text)
	default:
		b.Write(v.Text)
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       bool
	}{
		{"empty", `{}`, true},
		{"every kind", `{"a":[1,"x",{"b":null},[]],"b":true,"c":false,"d":{"e":{},"f":"é"},"g":-1.5e3,"h":""}`, true},
		{"escapes", `{"a":"\"\\\b\f\n\r\t"}`, true},
		{"zero", `{"a":0}`, true},
		{"negative zero", `{"a":-0}`, true},
		{"numeric escape", `{"a":"\u0041"}`, false},
		{"control characters", `{"a":"\u0000x\u0001\u000b\u001f\n"}`, true},
		{"control character with a letter of its own", `{"a":"\u000a"}`, false},
		{"capital digit", `{"a":"\u001F"}`, false},
		{"delete", `{"a":"\u007f"}`, false},
		{"cut in a number", `{"a":"\u00`, false},
		{"needless escape", `{"a":"\/"}`, false},
		{"escape in a key", `{"a\n":1}`, false},
		{"keys out of order", `{"b":1,"a":1}`, false},
		{"a key twice", `{"a":1,"a":1}`, false},
		{"out of order in an array", `{"a":[{"c":1,"b":1}]}`, false},
		{"no key", `{"":1}`, false},
		{"blanks", `{"a": 1}`, false},
		{"blank behind", `{"a":1} `, false},
		{"control character", "{\"a\":\"\x01\"}", false},
		{"not UTF-8", "{\"a\":\"\xff\"}", false},
		{"leading zero", `{"a":01}`, false},
		{"half a number", `{"a":1e}`, false},
		{"only a sign", `{"a":-}`, false},
		{"no number", `{"a":nan}`, false},
		{"no value", `{"a":}`, false},
		{"comma at the end", `{"a":1,}`, false},
		{"comma at the end of an array", `{"a":[1,]}`, false},
		{"more behind", `{"a":1}{`, false},
		{"cut short", `{"a":{"b":"c"`, false},
		{"cut in an escape", `{"a":"\`, false},
		{"nothing", ``, false},
		{"an array", `[1]`, false},
		{"a string", `"x"`, false},
		{"deep", `{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`, true},
		{"too deep", `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Document
			if got := d.Read([]byte(c.body)); got != c.want {
				t.Fatalf("Read(%s) = %v; want %v", c.body, got, c.want)
			}
			if !c.want && d.Len() != 0 {
				t.Errorf("Len() = %d after a refusal; want 0", d.Len())
			}
			if c.want && render(&d) != c.body {
				t.Errorf("Read(%s) means %s", c.body, render(&d))
			}
		})
	}
}

func TestFind(t *testing.T) {
	var d Document
	if !d.Read([]byte(`{"a":{"b":{"c":1},"d":[{"e":2}]},"f":"x"}`)) {
		t.Fatal("Read() = false; want true")
	}
	for _, c := range []struct{ path, want string }{
		{"a.b.c", "1"}, {"f", "x"}, {"a.d", `[{"e":2}]`}, {"a.b", `{"c":1}`},
		{"b", ""}, {"a.c", ""}, {"f.x", ""}, {"a.d.", ""}, {"a.d.e", ""}, {"a.b.c.d", ""},
	} {
		got := ""
		if i, ok := d.Find(strings.Split(c.path, ".")); ok {
			got = string(d.Value(i).Text)
		}
		if got != c.want {
			t.Errorf("Find(%s) = %q; want %q", c.path, got, c.want)
		}
	}
}

// FuzzRead: what is canonical is JSON and means what encoding/json says.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",{"b":null},[]],"b":true,"d":{"e":{},"f":"é\n"},"g":-1.5e3}`))
	f.Add([]byte(`{"a":0,"b":"\\"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d Document
		if !d.Read(body) {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("Read(%q) = true; want false: it is no JSON", body)
		}
		want, got := plain(t, body), plain(t, []byte(render(&d)))
		if !bytes.Equal(want, got) {
			t.Errorf("Read(%q) means %s; want %s", body, got, want)
		}
	})
}

// plain is what encoding/json makes of body.
func plain(t *testing.T, body []byte) []byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestIsPlain: one byte that is not plain is seen wherever it stands.
func TestIsPlain(t *testing.T) {
	for _, c := range []byte{0, '\n', ' ', '!', '"', '[', '\\', ']', 0x7f, 0x80, 0xff} {
		for i := range 19 {
			b := bytes.Repeat([]byte("~"), 19)
			b[i] = c
			want := c >= ' ' && c != '\\' && c < 0x80
			if got := isPlain(b); got != want {
				t.Errorf("isPlain(%q) = %v; want %v", b, got, want)
			}
		}
	}
}
