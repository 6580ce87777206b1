package engine

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// gen makes random rules and events over the same few fields and values, so
// that conditions are near true as often as not.
type gen struct{ *rand.Rand }

func (g gen) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g gen) field() string {
	return g.pick("input.n", "input.s", "input.b", "input.o.s", "input.o.n", "input.list", "input.ip", "input.o", "input.gone", "input.o.p.q")
}

func (g gen) constant() string {
	return g.pick("1", "2", "1.0", "10", "1e1", "-3", "0.1", "12345678901234567890", `"a"`, `"ab"`, `"10.0.0.1"`, `""`, `"é"`, "true", "false", "null", "[1]", `{"s": "a"}`)
}

func (g gen) scalar() string {
	if g.IntN(2) == 0 {
		return g.field()
	}
	return g.constant()
}

// condition is one line of a body.
func (g gen) condition(i int) string {
	not := ""
	if g.IntN(4) == 0 {
		not = "not "
	}
	x, y := g.field(), g.scalar()
	switch g.IntN(30) {
	case 0, 1, 2:
		return not + x + " == " + y
	case 3:
		return x + " != " + y
	case 4, 5:
		return not + x + " " + g.pick("<", "<=", ">", ">=") + " " + y
	case 6, 7:
		return fmt.Sprintf("%s%s in {%s, %s, %s}", not, x, g.constant(), g.constant(), g.constant())
	case 8:
		return fmt.Sprintf("%s%s in %s", not, g.constant(), x)
	case 9:
		return fmt.Sprintf("%s%s(%s, %s)", not, g.pick("startswith", "endswith", "contains"), x, g.pick(`"a"`, `"b"`, `"10."`, g.field()))
	case 10:
		return fmt.Sprintf("%snet.cidr_contains(%s, %s)", not, g.pick(`"10.0.0.0/8"`, `"::/0"`, `"x"`), x)
	case 11:
		return not + x
	case 12:
		return fmt.Sprintf("v%d := %s\n\tv%d %s %s", i, x, i, g.pick("==", "!=", "<", ">="), y)
	case 13:
		return fmt.Sprintf("%s(%s) %s %s", g.pick("lower", "upper", "count", "abs", "to_number", "type_name"), x, g.pick("==", "!=", ">"), y)
	case 14:
		return fmt.Sprintf("%s %s 1 > %s", x, g.pick("+", "-", "*", "/", "%"), g.pick("1", "2", "input.o.n"))
	case 15:
		return fmt.Sprintf("%shelper(%s)", not, x)
	case 16:
		return not + "flag"
	case 21:
		return not + "data.lib.words.yes"
	case 22:
		return fmt.Sprintf("%sdata.lib.words.small(%s)", not, x)
	case 20:
		return not + x + " in few"
	case 23:
		return fmt.Sprintf("%s%s == %s with input.n as %s", not, x, y, g.constant())
	case 24, 25: // builtins that are not called natively
		return fmt.Sprintf("%s%s == %s", not, fmt.Sprintf(g.pick("json.marshal(%s)", "substring(%s, 0, 1)", "replace(%s, \"a\", \"b\")", "reverse(%s)", "split(%s, \".\")[0]"), x), y)
	case 26:
		return fmt.Sprintf("%svalued(%s)", not, x)
	case 27:
		return fmt.Sprintf("%s%s(%s)", not, g.pick("choice", "otherwise"), x)
	case 29:
		return fmt.Sprintf("some i%d, _ in %s\n\ti%d == %s", i, x, i, g.pick("0", "1", `"s"`, y))
	case 28:
		return not + g.pick("usual", "data.lib.words.usual")
	case 17:
		return fmt.Sprintf("%sdata.site.facts[%s] == %s", not, x, y)
	case 18:
		return fmt.Sprintf("some e%d in %s\n\te%d == %s", i, x, i, y)
	}
	return fmt.Sprintf("%sobject.get(%s, \"s\", \"none\") == %s", not, x, y)
}

func (g gen) body() string {
	var b strings.Builder
	for i := range 1 + g.IntN(3) {
		b.WriteString("\t" + g.condition(i) + "\n")
	}
	return b.String()
}

// head is a finding, and the line of the body that it needs.
func (g gen) head() (head, line string) {
	switch g.IntN(6) {
	case 0:
		return `{"summary": "x", "key": input.s}`, ""
	case 1:
		return `{"summary": "x", "key": k}`, "\tk := input.o.n\n"
	case 2:
		return `{"summary": "x", "key": k}`, "\tk := sprintf(\"%v-%v\", [input.n, input.o.s])\n"
	case 3:
		return `{"summary": k, "key": lower(k)}`, "\tsome k in input.list\n"
	case 4:
		return `{"summary": "x"}`, ""
	}
	return `"x"`, ""
}

func (g gen) policy() string {
	var b strings.Builder
	for range 1 + g.IntN(2) {
		fmt.Fprintf(&b, "observe contains \"w\" if {\n%s}\n\n", g.body())
	}
	for range 1 + g.IntN(2) {
		head, line := g.head()
		window := g.pick("", "", "\toften\n", "\tdata.lib.words.often\n", "\tinput.windows.w.count >= 2\n", "\tnot input.windows.w.count in {1, 3}\n")
		fmt.Fprintf(&b, "findings contains %s if {\n%s%s%s}\n\n", head, window, g.body(), line)
	}
	fmt.Fprintf(&b, "valued(x) := input.b if x != %s\n\n", g.constant())
	fmt.Fprintf(&b, "choice(x) if {\n\tx == %s\n} else := false if {\n\tx == %s\n} else if input.b\n\n", g.constant(), g.constant())
	fmt.Fprintf(&b, "default otherwise(_) := false\n\notherwise(x) if x == %s\n\n", g.constant())
	fmt.Fprintf(&b, "default usual := %s\n\nusual := true if input.n == %s\n\n", g.pick("true", "false"), g.constant())
	fmt.Fprintf(&b, "often if input.windows.w.count > %d\n\n", g.IntN(4))
	fmt.Fprintf(&b, "few := {%s, %s}\n\n", g.constant(), g.constant())
	fmt.Fprintf(&b, "helper(x) if x == %s\n\nhelper(x) if {\n\tx != %s\n\tinput.b\n}\n\nflag if {\n%s}\n", g.constant(), g.constant(), strings.ReplaceAll(strings.ReplaceAll(g.body(), "helper(", "is_string("), "flag", "true"))
	return b.String()
}

func (g gen) value(depth int) string {
	switch g.IntN(14) {
	case 0, 1, 2:
		return g.pick("1", "2", "10", "1.0", "-3", "0.1", "12345678901234567890", "12345678901234567891", "1e1", "3.0e-1")
	case 3, 4, 5:
		return g.pick(`"a"`, `"ab"`, `"b"`, `""`, `"é"`, `"A"`, `"\u0061"`, `"a\"b"`, `"x\ud800y"`, `"1"`)
	case 6, 7:
		return g.pick(`"10.0.0.1"`, `"192.168.0.1"`, `"::1"`)
	case 8, 9:
		return g.pick("true", "false")
	case 10:
		return "null"
	}
	if depth == 0 {
		return "0"
	}
	if g.IntN(2) == 0 {
		return "[" + g.value(depth-1) + "," + g.value(depth-1) + "]"
	}
	return g.object(depth-1, "s", "n", "p", "q")
}

func (g gen) object(depth int, names ...string) string {
	var fields []string
	for _, n := range names {
		if g.IntN(5) > 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", n, g.value(depth)))
		}
	}
	switch g.IntN(8) { // rarely: not canonical
	case 0:
		g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	case 1:
		if len(fields) > 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", names[g.IntN(len(names))], g.value(depth)))
		}
	}
	return "{" + strings.Join(fields, g.pick(",", ",", " ,\n")) + "}"
}

func (g gen) event() string { return g.object(2, "b", "ip", "list", "n", "o", "s") }

// Whatever a rule is made of, the native part must never say no where OPA
// says yes, nor yes where it says no. OPA is asked without its rule index and
// with its own reading of the event.
func TestNativeAgainstOPA(t *testing.T) {
	seeds, events := 50, 50
	if testing.Short() {
		seeds = 10
	}
	var decidedByUs, all int
	for seed := range uint64(seeds) {
		g := gen{rand.New(rand.NewPCG(seed, 7))}
		fsys := folder("lib/words.rego", "package lib.words\n\nyes if input.b\n\nyes if startswith(input.s, \"a\")\n\nsmall(x) if x < input.o.n\n\noften if input.windows.w.count > 1\n\ndefault usual := false\n\nusual if input.b\n",
			"site/facts.yaml", `facts: {a: 1, "1": a, ab: [1], "10.0.0.1": true}`)
		for i := range 12 {
			custom := fmt.Sprintf("id: CRD-%04d\nseverity: low\nresponse: alert\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 1m}", i)
			fsys[fmt.Sprintf("a/p%d/policy.rego", i)] = folder("x", policyText(fmt.Sprintf("a.p%d", i), custom, g.policy()))["x"]
		}
		pack, err := Load(context.Background(), fsys, LoadOptions{KeepGoing: true})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		e := New(pack, Options{})
		for range events {
			body := g.event()
			n, m := compareToOPA(t, e, body, fsys, seed)
			decidedByUs, all = decidedByUs+n, all+m
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d rule evaluations, %.0f %% decided natively", all, 100*float64(decidedByUs)/float64(all))
	if decidedByUs*2 < all {
		t.Errorf("%d of %d evaluations decided natively; want most", decidedByUs, all)
	}
}

func compareToOPA(t *testing.T, e *Engine, body string, fsys fstest.MapFS, seed uint64) (decided, all int) {
	t.Helper()
	input, err := ast.ValueFromReader(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatalf("seed %d: event %s: %v", seed, body, err)
	}
	if err := e.event.reset(at(0, body)); err != nil {
		t.Fatalf("seed %d: event %s: %v", seed, body, err)
	}
	if got := e.event.input(); got.Compare(input) != 0 {
		t.Errorf("seed %d: input of %s = %v; want %v", seed, body, got, input)
	}
	e.machine.reset()
	for i, r := range e.runs {
		n := (i + len(body)) % 4
		e.machine.window = func(int) (reading, bool) { return reading{float64(n)}, n > 0 }
		for name, rl := range map[string]rule{"findings": r.findings, `observe["w"]`: r.observe[0]} {
			given := input
			if name == "findings" && n > 0 {
				given = e.event.with(windowsKey, ast.NewTerm(ast.MustInterfaceToValue(map[string]any{"w": map[string]any{"count": n}})))
			}
			got := e.machine.run(rl.native, nil)
			want, keys := opaSays(t, rl, given)
			if name == "findings" && !e.machine.keysHidden && !within(keys, e.machine.keys) {
				t.Errorf("seed %d: keys of this policy on %s: native %v, OPA %q\n%s", seed, body, e.machine.keys, keys, fsys[r.File].Data)
			}
			all++
			if got != maybe {
				decided++
			}
			// A findings rule that natively holds is still asked of OPA.
			if got == no && want || got == yes && !want {
				t.Errorf("seed %d: %s of this policy on %s: native %d, OPA %t\n%s", seed, name, body, got, want, fsys[r.File].Data)
			}
		}
	}
	return decided, all
}

// opaSays returns whether OPA says anything, and the keys of findings.
func opaSays(t *testing.T, r rule, input ast.Value) (bool, []string) {
	t.Helper()
	rs, err := r.query.Eval(context.Background(), rego.EvalParsedInput(input), rego.EvalRuleIndexing(false),
		rego.EvalGenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }))
	if err != nil || len(rs) == 0 {
		return false, nil
	}
	v := rs[0].Expressions[0].Value.(*ast.Term)
	set, ok := v.Value.(ast.Set)
	if !ok {
		return true, nil // the name of a window
	}
	var keys []string
	set.Foreach(func(e *ast.Term) {
		if m, err := matchOf(e); err == nil {
			keys = append(keys, m.key)
		}
	})
	return set.Len() > 0, keys
}

func within(keys []string, terms []*ast.Term) bool {
	for _, k := range keys {
		if !slices.ContainsFunc(terms, func(t *ast.Term) bool { return text(t) == k }) {
			return false
		}
	}
	return true
}
