package history

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// TestBody: where the attributes of an event go.
func TestBody(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"all in columns", `{"a":{"port":5,"word":"w"},"ip":"10.0.0.1"}`, "port=5 word=w"},
		{"in another order", `{"ip":"10.0.0.1","a":{"word":"w","port":5}}`, "port=5 word=w"},
		{"an unknown attribute", `{"a":{"b":{"c":1.5}},"z":true}`, "port=0 word= a.b.c=1.5 z=true"},
		{"a name that begins like a column", `{"a":{"po":1,"portx":2}}`, "port=0 word= a.po=1 a.portx=2"},
		{"a list", `{"list":["x",1]}`, `port=0 word= list=["x",1]`},
		{"a number that does not fit", `{"a":{"port":70000}}`, "port=0 word= a.port=70000"},
		{"a fraction", `{"a":{"port":1.5}}`, "port=0 word= a.port=1.5"},
		{"another type", `{"a":{"port":"5","word":7}}`, "port=0 word= a.port=5 a.word=7"},
		{"no address", `{"ip":"here"}`, "port=0 word= ip=here"},
		{"an address with a zone", `{"ip":"fe80::1%eth0"}`, "port=0 word= ip=fe80::1%eth0"},
		{"an object in place of a value", `{"ip":{"x":1}}`, "port=0 word= ip.x=1"},
		{"a value in place of an object", `{"a":3}`, "port=0 word= a=3"},
		{"nothing", `{"a":{"word":"","port":null},"e":{},"n":null,"t":""}`, "port=0 word="},
		{"a second path", `{"a":{"word":"w"},"also":"v"}`, "port=0 word=w also=v"},
		{"a second path, the same value", `{"a":{"word":"w"},"also":"w"}`, "port=0 word=w"},
		{"a second path alone", `{"also":"v"}`, "port=0 word=v"},
		{"a key twice", `{"a":{"port":5,"port":6}}`, "port=5 word= a.port=6"},
		{"escapes", `{"a":{"word":"\u00e4\n"},"k\"":"\\"}`, "port=0 word=ä\n k\"=\\"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var attrs column.Map
			root := &node{}
			port := attribute{"port", u16, []string{"a.port"}}.column(root)
			word := attribute{"word", words, []string{"a.word", "also"}}.column(root)
			ip := attribute{"ip", addr, []string{"ip"}}.column(root)
			blk := column.NewBlock(port, word, ip, column.Column{Name: "attrs", Data: &attrs})
			b := newBody(root, &attrs)
			if err := b.read([]byte(c.body)); err != nil {
				t.Fatal(err)
			}
			b.walk(0)
			blk.End()
			got := fmt.Sprintf("port=%d word=%s%s", port.Data.(*column.UInt16).Last(), word.Data.(*column.Words).Last(), listed(&attrs))
			if got != c.want {
				t.Errorf("walk(%s) = %q; want %q", c.body, got, c.want)
			}
		})
	}
}

// listed are the attributes in m.
func listed(m *column.Map) string {
	var b strings.Builder
	for i := range m.Keys.Rows() {
		fmt.Fprintf(&b, " %s=%s", m.Keys.At(i), m.Values.At(i))
	}
	return b.String()
}

// TestLoose: a body says the same in canonical form and with a blank in it.
func TestLoose(t *testing.T) {
	for name, recs := range fleet(t) {
		for i, r := range recs {
			if i%101 != 0 {
				continue
			}
			spaced := r
			spaced.Value = append([]byte(" "), r.Value...)
			canonical, loose := newEvents(), newEvents()
			for e, in := range map[*events]cordon.Record{canonical.(*events): r, loose.(*events): spaced} {
				e.begin([]cordon.Record{in})
				if err := e.add(in); err != nil {
					t.Fatal(err)
				}
				if wantTree := e == loose; (e.body.tree != nil) != wantTree {
					t.Fatalf("%v: %s is read as a tree: %v; want %v", name, in.Value, !wantTree, wantTree)
				}
			}
			want, _ := loose.block().Encode()
			if got, _ := canonical.block().Encode(); !bytes.Equal(got, want) {
				t.Fatalf("%v: %s makes other rows in canonical form", name, r.Value)
			}
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(flow))
	f.Add([]byte(`{"a":{"b":[{}]},"":{"":""}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := newEvents()
		recs := at("events", 0, event(string(body)))
		e.begin(recs)
		if err := e.add(recs[0]); err != nil && e.block().Rows() != 0 {
			t.Errorf("add() = %v and left %d rows; want none", err, e.block().Rows())
		}
		if _, err := e.block().Encode(); err != nil {
			t.Errorf("Encode() after %q = %v", body, err)
		}
	})
}
