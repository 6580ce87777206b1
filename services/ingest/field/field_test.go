package field

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// counts are counters by name.
type counts map[string]int

type counter struct {
	of   counts
	name string
}

func (c counter) Inc() { c.of[c.name]++ }

func (c counts) open(name string) Counter { return counter{c, name} }

// all is one variable of each type.
type all struct {
	Text  string
	Addr  netip.Addr
	MAC   inventory.MAC
	Port  ocsf.Opt[int]
	Int   ocsf.Opt[int64]
	Bool  ocsf.Opt[bool]
	Time  Clock
	Span  Clock
	Texts []string
	Spans []report.Micros
	Pairs []string
	Inner string
	Items []string
}

func (a *all) table() Table {
	var item string
	return Table{
		"text": Text(&a.Text), "addr": Addr(&a.Addr), "mac": MAC(&a.MAC), "port": Port(&a.Port),
		"int": Int(&a.Int), "bool": Bool(&a.Bool), "time": Time(&a.Time), "span": Span(&a.Span),
		"texts": Texts(&a.Texts), "spans": Spans(&a.Spans), "pairs": Pairs(&a.Pairs),
		"object": Object(Table{"inner": Text(&a.Inner)}),
		"objects": Objects(Table{"item": Text(&item)}, func() {
			a.Items = append(a.Items, item)
			item = ""
		}),
	}
}

func read(t *testing.T, raw string) (all, counts, counts, error) {
	t.Helper()
	undeclared, clipped := counts{}, counts{}
	r := NewReader(report.EVEFields, Names{Undeclared: undeclared.open, Clipped: clipped.open})
	r.Begin()
	o, err := r.Parse([]byte(raw))
	if err != nil {
		return all{}, undeclared, clipped, err
	}
	var a all
	err = r.Object(o, a.table())
	if r.Clipped() != (len(clipped) > 0) {
		t.Errorf("Clipped() = %v; counted %v", r.Clipped(), clipped)
	}
	return a, undeclared, clipped, err
}

func TestObject(t *testing.T) {
	long := strings.Repeat("ü", maxText)
	many := strings.Repeat(`"x",`, maxList) + `"x"`
	tests := []struct {
		name, raw string
		want      all
		lost      counts
		cut       counts
	}{
		{"all", `{"text":"a\"b","addr":"FE80::1%eth0","mac":"AA-BB-CC-DD-EE-FF","port":0,"int":-3,"bool":false,"time":"1970-01-01T00:00:01Z","span":0.5,
			"texts":["a",1,null,true],"spans":[1,0.25],"pairs":{"k":["v","w"],"n":1},"object":{"inner":"i"},"objects":[{"item":"1"},{},{"item":"3"}]}`,
			all{
				Text: `a"b`, Addr: netip.MustParseAddr("fe80::1"), MAC: inventory.MAC{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
				Port: ocsf.Some(0), Int: ocsf.Some[int64](-3), Bool: ocsf.Some(false), Time: Clock{1e6, true}, Span: Clock{5e5, true},
				Texts: []string{"a", "1", "true"}, Spans: []report.Micros{1e6, 25e4}, Pairs: []string{"k=v", "k=w", "n=1"}, Inner: "i",
				Items: []string{"1", "", "3"},
			}, nil, nil},
		{"mapped address", `{"addr":"::ffff:10.0.0.1"}`, all{Addr: netip.MustParseAddr("10.0.0.1")}, nil, nil},
		{"milliseconds", `{"time":1772409602000}`, all{Time: Clock{1772409602e6, true}}, nil, nil},
		{"no Ethernet address", `{"mac":"00:00:00:00:00:00:00:01"}`, all{}, nil, nil},
		{"null is absent", `{"text":null,"int":null}`, all{}, nil, nil},
		{"single for a list", `{"texts":"a","objects":{"item":"1"}}`, all{Texts: []string{"a"}, Items: []string{"1"}}, nil, nil},
		{"undeclared", `{"x":1,"object":{"x":2,"y":3}}`, all{}, counts{"x": 2, "y": 1}, nil},
		{"undeclared twice is nobody's business", `{"x":1,"x":2}`, all{}, counts{"x": 2}, nil},
		{"long text", `{"text":"a` + long + `"}`, all{Text: "a" + long[:maxText-2]}, nil, counts{"text": 1}},
		{"long list", `{"texts":[` + many + `]}`, all{Texts: strings.Split(strings.Repeat("x", maxList), "")}, nil, counts{"texts": 1}},
		{"escaped key", `{"te\u0078t":"a"}`, all{Text: "a"}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, lost, cut, err := read(t, tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			opts := cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })}
			if diff := cmp.Diff(tt.want, got, opts); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.lost, lost, opts); diff != "" {
				t.Errorf("undeclared (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.cut, cut, opts); diff != "" {
				t.Errorf("clipped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		raw    string
		why    report.Reason
		detail string
	}{
		{`{"text":{}}`, report.EVEFields, `field "text": want a text`},
		{`{"addr":"x"}`, report.Addr, `field "addr": want an IP address`},
		{`{"port":65536}`, report.Addr, `field "port": want a port from 0 to 65535`},
		{`{"int":1.5}`, report.EVEFields, `field "int": want a whole number`},
		{`{"bool":"yes"}`, report.EVEFields, `field "bool": want true or false`},
		{`{"time":"noon"}`, report.Time, `field "time": want a time: seconds since 1970 or RFC 3339, up to the year 9999`},
		{`{"time":0}`, report.Time, `field "time": want a time: seconds since 1970 or RFC 3339, up to the year 9999`},
		{`{"span":"long"}`, report.EVEFields, `field "span": want a number of seconds`},
		{`{"texts":[{}]}`, report.EVEFields, `field "texts": want a list of texts`},
		{`{"spans":["x"]}`, report.EVEFields, `field "spans": want a list of seconds`},
		{`{"pairs":7}`, report.EVEFields, `field "pairs": want an object of texts`},
		{`{"object":[]}`, report.EVEFields, `field "object": want an object`},
		{`{"objects":7}`, report.EVEFields, `field "objects": want a list of objects`},
		{`{"objects":[7]}`, report.EVEFields, `field "objects": want a list of objects`},
		{`{"text":"a","text":"b"}`, report.JSONDuplicate, `field "text" stands twice`},
		{`{"text":"a","te\u0078t":"b"}`, report.JSONDuplicate, `field "text" stands twice`},
		{`{"object":{"inner":"a","inner":"b"}}`, report.JSONDuplicate, `field "inner" stands twice`},
		{`{"objects":[{"item":"a","item":"b"}]}`, report.JSONDuplicate, `field "item" stands twice`},
		{`{"text":"a"`, report.JSONSyntax, `byte 11: ends before the value does`},
		{`{"text":a}`, report.JSONSyntax, `byte 9: invalid character 'a' looking for beginning of value`},
		{`{"text":"a"}x`, report.JSONSyntax, `byte 12: unexpected tail: "x"`},
		{`[]`, report.JSONSyntax, `a JSON array; want an object`},
		{"{\"text\":\"\xff\"}", report.JSONUTF8, `byte 9: not UTF-8`},
	}
	for _, tt := range tests {
		_, _, _, err := read(t, tt.raw)
		var r *report.Refusal
		if !errors.As(err, &r) {
			t.Errorf("%s: error %v; want a refusal", tt.raw, err)
			continue
		}
		if r.Reason != tt.why || r.Detail != tt.detail {
			t.Errorf("%s: refused for %s: %s; want %s: %s", tt.raw, r.Reason, r.Detail, tt.why, tt.detail)
		}
	}
}

func TestColumns(t *testing.T) {
	rules := &Columns{Separator: "\t", Set: ",", Empty: "(empty)", Unset: "-"}
	var a all
	table := a.table()
	for name, column := range map[string]string{
		"text": `a\x09b\\c`, "addr": "10.0.0.1", "port": "443", "int": "7", "bool": "T", "time": "1.5", "span": "0.000870",
		"texts": `a\x2cb,-,(empty)`, "spans": "1.000000,2.500000",
	} {
		if got := table[name].set(Column(column, rules)); got != fine {
			t.Errorf("%s %q = %v; want it taken", name, column, got)
		}
	}
	want := all{
		Text: "a\tb\\c", Addr: netip.MustParseAddr("10.0.0.1"), Port: ocsf.Some(443), Int: ocsf.Some[int64](7), Bool: ocsf.Some(true),
		Time: Clock{15e5, true}, Span: Clock{870, true}, Texts: []string{"a,b", ""}, Spans: []report.Micros{1e6, 25e5},
	}
	if diff := cmp.Diff(want, a, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, column := range map[string]string{
		"bool": "true", "int": "x", "addr": "x", "port": "-1", "time": "now", "object": "x", "objects": "x", "pairs": "x", "spans": "1,x",
	} {
		if got := table[name].set(Column(column, rules)); got != wrong {
			t.Errorf("%s %q = %v; want it refused", name, column, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"plain":           "plain",
		`\x41\x62`:        "Ab",
		`\\x41`:           `\x41`,
		`a\\`:             `a\`,
		`\`:               `\`,
		`\x4`:             `\x4`,
		`\xzz`:            `\xzz`,
		`\xc3\xa9`:        "é",
		`\x82 \xc3\xa9`:   `\x82 é`, // not UTF-8 as a whole: what cannot be read stays
		`1,564d\\,CN\x3d`: `1,564d\,CN=`,
	} {
		if got := Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q; want %q", in, got, want)
		}
	}
}
