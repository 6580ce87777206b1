package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/cordon-iot/cordon"
)

const wordsLib = `package lib.words

yes if input.b

yes if startswith(input.s, "a")

small(x) if x < input.o.n

member(x, xs) if x in xs

is_class(c) if input.class_uid == c

default usual := false

usual if input.b
`

const factsText = `{"facts": {
	"a": 1, "1": "a", "ab": [1], "10.0.0.1": true, "s": "a", "é": "ab",
	"bad": ["10.0.0.1", "::1", "a", 7],
	"limits": {"a": 1, "ab": 10, "dev-1": 1e2, "host-1": 0.1, "": 3},
	"devices": {
		"d": {"type": "camera", "zone": "a", "ports": [1, 2, 10]},
		"dev-1": {"type": "cam", "zone": "ab", "ports": [80, 1e1]},
		"dev-2": {"type": "a", "zone": "", "ports": []},
		"dev-3": {"type": false, "zone": 1},
		"dev-4": false, "1": {"type": "plc"}, "": null
	}
}}`

// plainOPA says what policies find, with nothing of the engine: one module of
// all rules together, read by OPA from text, without its index of rules, over
// OPA's own reading of the event. It keeps its own count of windows and its own
// record of what was found.
type plainOPA struct {
	policies []*madePolicy
	together queries
	alone    map[string]queries // of a policy that has its own module
	counts   map[string]int     // by window and key
	last     map[string]int64   // when it was found, by policy and key
}

// queries of one module: the names of the policies whose windows observe an
// event, and pairs of the name of a policy and what it finds.
type queries [2]rego.PreparedEvalQuery

func newPlainOPA(t testing.TB, policies []*madePolicy) *plainOPA {
	t.Helper()
	o := &plainOPA{policies: policies, alone: map[string]queries{}, counts: map[string]int{}, last: map[string]int64{}}
	var together []*madePolicy
	for _, p := range policies {
		if p.alone {
			o.alone[p.name] = prepared(t, p)
			continue
		}
		together = append(together, p)
	}
	o.together = prepared(t, together...)
	return o
}

func prepared(t testing.TB, policies ...*madePolicy) (out queries) {
	t.Helper()
	var data map[string]any
	if err := util.Unmarshal([]byte(factsText), &data); err != nil {
		t.Fatal(err)
	}
	compiler, err := ast.CompileModules(map[string]string{"words.rego": wordsLib, "all.rego": moduleOf(policies)})
	if err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObject(map[string]any{"site": data})
	for i, rule := range []string{"seen", "found"} {
		out[i], err = rego.New(rego.Compiler(compiler), rego.Store(store), rego.Query("data.all."+rule)).PrepareForEval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// moduleOf is one module of the rules of all policies.
func moduleOf(policies []*madePolicy) string {
	var b strings.Builder
	b.WriteString("package all\n\nseen contains x if {\n\tsome x in []\n}\n\nfound contains x if {\n\tsome x in []\n}\n\n")
	for _, p := range policies {
		for _, body := range p.observe {
			fmt.Fprintf(&b, "seen contains %q if {\n%s}\n\n", p.name, body)
		}
		for _, r := range p.findings {
			fmt.Fprintf(&b, "found contains [%q, %s] if {\n%s}\n\n", p.name, r.head, r.body)
		}
		b.WriteString(strings.Join(p.helpers, "\n\n") + "\n\n")
	}
	return b.String()
}

// says returns what the policies find in ev, as lines "policy: summary
// evidence", sorted.
func (o *plainOPA) says(t testing.TB, ev cordon.Event) []string {
	t.Helper()
	input := map[string]any{}
	if err := util.NewJSONDecoder(bytes.NewReader(ev.Body)).Decode(&input); err != nil {
		t.Fatalf("event %s: %v", ev.Body, err)
	}
	doc, err := ast.InterfaceToValue(input)
	if err != nil {
		t.Fatal(err)
	}
	observed := o.ask(t, 0, doc)
	windows := ast.NewTerm(ast.MustInterfaceToValue(o.windows(ev, input, observed)))
	doc.(ast.Object).Insert(ast.StringTerm("windows"), windows)
	found := o.ask(t, 1, doc)
	byPolicy := map[string][]any{}
	for _, f := range found {
		pair := f.([]any)
		byPolicy[pair[0].(string)] = append(byPolicy[pair[0].(string)], pair[1])
	}
	var out []string
	for _, p := range o.policies {
		out = append(out, o.emitted(p, ev, byPolicy[p.name])...)
	}
	slices.Sort(out)
	return out
}

// ask returns what the i-th query of all modules says.
func (o *plainOPA) ask(t testing.TB, i int, input ast.Value) []any {
	t.Helper()
	out := eval(o.together[i], input)
	for _, p := range o.policies {
		if p.alone {
			out = append(out, eval(o.alone[p.name][i], input)...)
		}
	}
	return out
}

// eval returns the elements of a set; an error is none.
func eval(q rego.PreparedEvalQuery, input ast.Value) []any {
	rs, err := q.Eval(context.Background(), rego.EvalParsedInput(input), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	if err != nil || len(rs) == 0 {
		return nil
	}
	return rs[0].Expressions[0].Value.([]any)
}

// windows counts the event where it was observed and returns input.windows.
func (o *plainOPA) windows(ev cordon.Event, input map[string]any, observed []any) map[string]any {
	key, ok := windowKey(input)
	out := map[string]any{}
	for _, p := range o.policies {
		if !p.windowed || !ok {
			continue
		}
		if slices.Contains(observed, any(p.name)) {
			o.counts[p.name+key]++
		}
		out["w_"+p.name] = map[string]any{"count": json.Number(fmt.Sprint(o.counts[p.name+key]))}
	}
	return out
}

// windowKey is made of the fields that the windows of generated policies are
// by.
func windowKey(input map[string]any) (string, bool) {
	device, _ := input["device"].(map[string]any)
	key := ""
	for _, v := range []any{device["uid"], input["k"]} {
		switch v.(type) {
		case string, json.Number, bool:
			key += fmt.Sprintf("|%T %v", v, v)
		default:
			return "", false
		}
	}
	return key, true
}

// emitted is what of the findings of p is not suppressed.
func (o *plainOPA) emitted(p *madePolicy, ev cordon.Event, findings []any) []string {
	if len(findings) > 20 {
		return nil
	}
	var lines, keys []string
	for _, f := range findings {
		line, key, ok := finding(f)
		if !ok {
			return nil
		}
		if last, ok := o.last[p.name+key]; p.suppress && ok && ev.Time.UnixMilli()-last < suppressMillis {
			continue
		}
		lines, keys = append(lines, p.name+": "+line), append(keys, key)
	}
	for _, key := range keys {
		o.last[p.name+key] = ev.Time.UnixMilli()
	}
	return lines
}

const suppressMillis = 60_000

// finding reads one element of findings, or tells that it is none.
func finding(f any) (line, key string, ok bool) {
	asText := func(v any) string {
		switch v.(type) {
		case string, json.Number:
			return fmt.Sprint(v)
		}
		return ""
	}
	o, isObject := f.(map[string]any)
	if !isObject {
		s, ok := f.(string)
		return strings.TrimSpace(s) + " null", "", ok
	}
	evidence, err := json.Marshal(o["evidence"])
	summary := asText(o["summary"])
	return strings.TrimSpace(summary) + " " + string(evidence), asText(o["key"]), err == nil && summary != ""
}
