package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cordon-iot/cordon/internal/canon"
)

// check compares what Scan says of body with what a reader of JSON finds, and
// returns whether Scan could read it.
func check(t testing.TB, paths [][]string, body []byte) bool {
	t.Helper()
	body = body[:len(body):len(body)]
	p, slots := Compile(paths), make([]Slot, len(paths))
	var d canon.Document
	canonical := d.Read(body)
	if p.Scan(body, slots, true) {
		inside(t, body, slots)
	} else if canonical {
		t.Fatalf("Scan(%q, trust) = false; want true: it is canonical", body)
	}
	if canonical {
		compare(t, paths, body, slots)
	}
	ok := p.Scan(body, slots, false)
	if ok {
		inside(t, body, slots)
	} else if canonical {
		t.Fatalf("Scan(%q) = false; want true: it is canonical", body)
	}
	if ok && json.Valid(body) && utf8.Valid(body) {
		compare(t, paths, body, slots)
	}
	return ok
}

func inside(t testing.TB, body []byte, slots []Slot) {
	t.Helper()
	for i, s := range slots {
		if s.Start < 0 || s.Start > s.End || int(s.End) > len(body) {
			t.Fatalf("Scan(%q): slot %d is %v; want it within %d bytes", body, i, s, len(body))
		}
	}
}

func compare(t testing.TB, paths [][]string, body []byte, slots []Slot) {
	t.Helper()
	whole := decode(t, body)
	for i, path := range paths {
		want, there := find(whole, path)
		if got := slots[i]; there != (got.Kind != Missing) {
			t.Fatalf("Scan(%q): %q is %v; want there: %t", body, path, got, there)
		} else if there {
			same(t, body, path, got, want)
		}
	}
}

// same reports where s is not want, the value at path.
func same(t testing.TB, body []byte, path []string, s Slot, want any) {
	t.Helper()
	raw := body[s.Start:s.End]
	if s.Kind != String && len(bytes.TrimSpace(raw)) != len(raw) {
		t.Fatalf("Scan(%q): %q is %q; want no blanks", body, path, raw)
	}
	if s.Kind == String {
		if s.Escaped != bytes.Contains(raw, []byte(`\`)) {
			t.Fatalf("Scan(%q): %q is escaped: %t", body, path, s.Escaped)
		}
		if Plain(raw) && string(raw) != want {
			t.Fatalf("Plain(%q) = true; want false: it says %q", raw, want)
		}
		raw = body[s.Start-1 : s.End+1]
	}
	if got := decode(t, raw); !reflect.DeepEqual(got, want) || s.Kind != kind(want) {
		t.Fatalf("Scan(%q): %q is %q of kind %d; want %v", body, path, raw, s.Kind, want)
	}
}

func kind(v any) Kind {
	switch v := v.(type) {
	case string:
		return String
	case json.Number:
		return Number
	case bool:
		if v {
			return True
		}
		return False
	case nil:
		return Null
	case []any:
		return Array
	}
	return Object
}

func decode(t testing.TB, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func find(v any, path []string) (any, bool) {
	for _, key := range path {
		o, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = o[key]; !ok {
			return nil, false
		}
	}
	return v, true
}

// writer writes random JSON.
type writer struct {
	*rand.Rand
	bytes.Buffer
	keys []string // texts of keys, in the order of what they say
	mess int      // one in so many things is not as canon wants it
}

func newWriter(r *rand.Rand) *writer {
	return &writer{Rand: r, mess: 1 << (2 + r.IntN(12)), keys: strings.Split(
		`a,a b,a!,a_key_of_14_by,a_key_of_16_byte,a_key_of_16_byteS,a_key_of_16_byte_1,a_key_of_16_byte_12,a_key_of_16_bytes,ab,abcdefgh,abcdefghi,b,c,d,device,k{,uid,é,中`, ",")}
}

func (w *writer) oops() bool { return w.IntN(w.mess) == 0 }

func (w *writer) blank() {
	if w.oops() {
		w.WriteByte(" \t\r\n"[w.IntN(4)])
	}
}

func (w *writer) token(s string) {
	w.blank()
	w.WriteString(s)
	w.blank()
}

func (w *writer) object(depth int) {
	w.token("{")
	for i, key := range w.some() {
		if i > 0 {
			w.token(",")
		}
		w.token(`"` + key + `"`)
		w.token(":")
		w.value(depth - 1)
	}
	w.token("}")
}

// some returns keys for one object.
func (w *writer) some() []string {
	var keys []string
	for _, k := range w.keys {
		if w.IntN(5) == 0 {
			keys = append(keys, k)
		}
	}
	if len(keys) > 0 && w.oops() {
		odd := []string{`\u0061`, `k\"`, `\\`, "", keys[0], "z"}
		keys = append(keys, odd[w.IntN(len(odd))])
	}
	if w.oops() {
		w.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	}
	return keys
}

func (w *writer) value(depth int) {
	switch k := w.IntN(10); {
	case k < 3 && depth > 0:
		w.object(depth)
	case k < 4 && depth > 0:
		w.array(depth)
	case k < 7:
		w.WriteString(`"` + w.text() + `"`)
	case k < 8:
		w.WriteString([]string{"true", "false", "null"}[w.IntN(3)])
	default:
		w.WriteString([]string{"0", "-1", "17", "1.5e-3", "1767225600000", "123456789012345678", "8", "1E+2"}[w.IntN(8)])
	}
}

func (w *writer) array(depth int) {
	w.token("[")
	for i := range w.IntN(3) {
		if i > 0 {
			w.token(",")
		}
		w.value(depth - 1)
	}
	w.token("]")
}

func (w *writer) text() string {
	pieces := strings.Split(`{ } [ ] , : \" \\ \n é 10.1.4.17 text "] true} ,`, " ")
	var b strings.Builder
	for range w.IntN(12) >> w.IntN(4) {
		p := pieces[w.IntN(len(pieces))]
		if p == `"]` || p[0] == '\\' && w.IntN(8) > 0 {
			p = " "
		}
		b.WriteString(p)
	}
	return b.String()
}

// paths are random ones, some of them the beginning of others, some twice.
func (w *writer) paths() [][]string {
	paths := make([][]string, 1+w.IntN(8))
	for i := range paths {
		for range w.IntN(4) {
			paths[i] = append(paths[i], w.keys[w.IntN(len(w.keys))])
		}
		if i > 0 && w.IntN(4) == 0 {
			paths[i] = append(slices.Clone(paths[i-1]), paths[i]...)
		}
	}
	return paths
}

// damage changes a byte or cuts the text short.
func (w *writer) damage(body []byte) []byte {
	body = slices.Clone(body)
	i := w.IntN(len(body))
	if w.IntN(3) == 0 {
		return body[:i]
	}
	const bytes = "{}[],:\"\\ 0ate\x00\xff"
	body[i] = bytes[w.IntN(len(bytes))]
	return body
}

func TestScanIsAReader(t *testing.T) {
	const documents = 120_000
	r := rand.New(rand.NewPCG(4, 2))
	var read int
	for i := range documents {
		w := newWriter(r)
		w.object(1 + i%4)
		paths := w.paths()
		if check(t, paths, w.Bytes()) {
			read++
		}
		check(t, paths, w.damage(w.Bytes()))
	}
	if read < documents/4 || read > documents*3/4 {
		t.Errorf("Scan read %d of %d documents; want neither few nor most", read, documents)
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":"\\\""}],"uid":-1.5},"device":{"uid":"x"}}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(fmt.Sprintf(`{"a":"%s","b":%s1%s}`, strings.Repeat(`\\`, 40), strings.Repeat("[", 70), strings.Repeat("]", 70))))
	f.Add(event(rand.New(rand.NewPCG(3, 4))))
	paths := append(wanted(), []string{}, []string{"a"}, []string{"a", "b"}, []string{"a", "b", "c"}, []string{"device"})
	f.Fuzz(func(t *testing.T, body []byte) { check(t, paths, body) })
}
