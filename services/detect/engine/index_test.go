package engine

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// described is c in a few words: place, test and constants of each atom.
func described(p *Pack, c clause) string {
	var out []string
	for i := range c.atoms {
		out = append(out, c.atoms[i].describe(p))
	}
	if !c.exact {
		out = append(out, "...")
	}
	return strings.Join(out, "; ")
}

func (a *atom) describe(p *Pack) string {
	var b strings.Builder
	if a.not {
		b.WriteString("not ")
	}
	if a.test == isReading {
		fmt.Fprintf(&b, "window %d.%d ", a.window, a.field)
	} else {
		b.WriteString(strings.Join(p.paths[a.from.path], "."))
		if a.from.table != nil {
			fmt.Fprintf(&b, "[%d]", len(a.from.table.entries))
		}
	}
	switch a.test {
	case isDefined:
		b.WriteString(" defined")
	case isTruthy:
		b.WriteString(" true")
	case isIn:
		fmt.Fprintf(&b, " in %d", len(a.set.texts)+len(a.set.numbers))
	case isOrdered, isReading:
		fmt.Fprintf(&b, " %d %v", a.op, a.than)
	default:
		fmt.Fprintf(&b, " %d %v%v", a.test, a.words, a.nets)
	}
	return b.String()
}

func TestClauses(t *testing.T) {
	less, greater := int(opLess), int(opGreaterEqual)
	for _, tc := range []struct{ name, body, want string }{
		{"equality", `input.a == "x"`, "a in 1"},
		{"sides exchanged", `5 > input.n`, fmt.Sprintf("n %d 5", less)},
		{"in", `input.a in {"x", "y", 3}`, "a in 3"},
		{"not in", `not input.a in {"x"}`, "a defined; not a in 1"},
		{"not equal", `input.a != "x"`, "a defined; not a in 1"},
		{"a flag", `input.b`, "b true"},
		{"no flag", `not input.b`, "not b true"},
		{"prefix", `startswith(input.a, "10.")`, fmt.Sprintf("a %d [10.][]", hasPrefix)},
		{"net", `net.cidr_contains("10.0.0.0/8", input.ip)`, fmt.Sprintf("ip %d [][10.0.0.0/8]", isWithin)},
		{"pattern", `regex.match("^a+$", input.a)`, fmt.Sprintf("a %d [][]", matchesPattern)},
		{"constant of the site", `input.port in data.site.facts.ports`, "port in 2"},
		{"lookup", `data.site.facts.devices[input.id].kind == "cam"`, "id[2] in 1"},
		{"lookup of a lookup", "d := data.site.facts.devices[input.id]\nd.kind != \"cam\"", "id[2] defined; ..."},
		{"helper", "is_lan(input.ip)", fmt.Sprintf("ip %d [10.][]", hasPrefix)},
		{"helper of several bodies", "is_port(input.port)", "port in 3"},
		{"not a helper", "not is_lan(input.ip)", fmt.Sprintf("ip defined; not ip %d [10.][]", hasPrefix)},
		{"window", "input.windows.w.count >= 5", fmt.Sprintf("window 0.0  %d 5", greater)},
		{"iteration", `some x in input.list; x == 1`, "..."},
		{"with", `input.a == "x"; is_lan(input.ip) with input.ip as "10.1.1.1"`, "a in 1; ..."},
		{"a long number", "input.n == 12345678901234567890", "..."},
		{"object", `input.o == {"a": 1}`, "..."},
		{"builtin with a result", `lower(input.a) == "x"`, "a defined; ..."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fsys := one(plain+"\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 1h}", "observe contains \"w\" if input.zzz\n"+
				"is_lan(ip) if startswith(ip, \"10.\")\nis_port(p) if p in {1, 2}\nis_port(p) if p == 3\n"+
				"findings contains \"f\" if {\n"+tc.body+"\n}")
			fsys["site/facts.yaml"] = folder("x", "facts:\n  ports: [22, 23]\n  devices: {a: {kind: cam}, b: {kind: tv}}")["x"]
			p := mustLoad(t, fsys)
			a := &atomizer{tables: map[tableID]*table{}}
			got := described(p, a.clauses(p.Policies[0].findings.native, nil)[0])
			if got != tc.want {
				t.Errorf("clause of %s = %s; want %s", tc.body, got, tc.want)
			}
		})
	}
}

// randomValue is one of few values of all kinds.
func randomValue(r *rand.Rand) value {
	switch r.IntN(10) {
	case 0, 1, 2:
		words := []string{"", "a", "ab", "abc", "b", "xbcab", "10.", "10.1", "10.1.2.3", "11.0.0.1", "fd00::1", "::ffff:10.0.0.1"}
		return value{kind: scan.String, text: words[r.IntN(len(words))], unsure: r.IntN(8) == 0}
	case 3, 4, 5:
		return value{kind: scan.Number, number: float64(r.IntN(12)) / 2, unsure: r.IntN(8) == 0}
	case 6:
		return value{kind: unknown}
	}
	return value{kind: []scan.Kind{scan.Missing, scan.True, scan.False, scan.Null, scan.Object, scan.Array}[r.IntN(6)]}
}

func randomAtom(r *rand.Rand, kind test) *atom {
	_, negatable := (&atom{test: kind, not: true}).family()
	a := &atom{test: kind, not: negatable && r.IntN(3) == 0, set: newSet()}
	for range 1 + r.IntN(3) {
		if v := randomValue(r); v.kind != unknown && !v.unsure {
			a.set.add(v)
		}
		a.words = append(a.words, []string{"", "a", "ab", "10.", "10.1.2", "b", "bc", "1"}[r.IntN(8)])
		a.nets = append(a.nets, netip.MustParsePrefix([]string{"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "fd00::/8"}[r.IntN(5)]))
	}
	a.op, a.than = []operation{opLess, opLessEqual, opGreater, opGreaterEqual}[r.IntN(4)], float64(r.IntN(10))/2
	return a
}

// TestColumns: a column leaves what its atoms, asked one by one, do not exclude.
func TestColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []test{isDefined, isTruthy, isIn, isOrdered, hasPrefix, hasSuffix, hasPart, isWithin} {
		for range 200 {
			const clauses = 70
			var rows []rowAtom
			for i := range clauses {
				if r.IntN(3) > 0 {
					rows = append(rows, rowAtom{i, randomAtom(r, kind)})
				}
			}
			c := newColumn(clauses, rows)
			others := newBitset(clauses)
			for i := range clauses {
				others.put(i, !slices.ContainsFunc(rows, func(r rowAtom) bool { return r.clause == i }))
			}
			for range 20 {
				v := randomValue(r)
				got := newBitset(clauses)
				for i := range clauses {
					got.set(i)
				}
				all := slices.Clone(got)
				if kept := c.keep.keep(v, make(bitset, len(got))); kept != nil {
					got.and(kept)
				}
				want := kept(others, rows, v)
				want.and(all)
				if v.unsure || v.kind >= scan.Object { // it may leave more than it must
					more := slices.Clone(got)
					more.or(want)
					want = more
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("column of test %d for %+v (-want +got):\n%s", kind, v, d)
				}
			}
		}
	}
}
