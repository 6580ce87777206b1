package main

import (
	"context"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Names of the contenders, as in the table and in detect.json.
const (
	floorName   = "fastjson.Parse"
	engineName  = "cordon"
	oneSetName  = "OPA, one set, EvalInput"
	tunedName   = "OPA, one set, tuned"
	perRuleName = "OPA, a package a rule"
)

// evaluate is what a contender does with an event; it returns the alerts.
type evaluate func(ev *cordon.Event) (alerts int, err error)

// floor parses the event and does nothing with it.
func floor() evaluate {
	var p fastjson.Parser
	return func(ev *cordon.Event) (int, error) {
		_, err := p.ParseBytes(ev.Body)
		return 0, err
	}
}

// cordonEngine is this repository's; plain leaves all decisions to OPA. What
// goes wrong in a rule is an error here.
func cordonEngine(p *engine.Pack, plain bool) evaluate {
	var failed error
	e := engine.New(p, engine.Options{Plain: plain, Trust: true, Audit: -1, Report: func(_ *engine.Policy, _ cordon.EventID, err error) { failed = err }})
	ctx := context.Background()
	return func(ev *cordon.Event) (int, error) {
		found, err := e.Evaluate(ctx, *ev)
		if err == nil {
			err = failed
		}
		return len(found), err
	}
}

// prepare compiles modules, with what they share, for query.
func prepare(ctx context.Context, s *site, modules map[string]string, query string) (rego.PreparedEvalQuery, error) {
	modules["lib/addr.rego"] = lib()
	parsed := make(map[string]*ast.Module, len(modules))
	for name, text := range modules {
		m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return rego.PreparedEvalQuery{}, err
		}
		parsed[name] = m
	}
	c := ast.NewCompiler()
	if c.Compile(parsed); c.Failed() {
		return rego.PreparedEvalQuery{}, c.Errors
	}
	store := inmem.NewFromObjectWithOpts(map[string]any{"site": s.data()}, inmem.OptReturnASTValuesOnRead(true))
	return rego.New(rego.Compiler(c), rego.Store(store), rego.Query(query)).PrepareForEval(ctx)
}

// oneSet prepares s as one package: the layout that OPA indexes as a whole. OPA
// has no windows; it evaluates what they observe, and nothing is counted.
func oneSet(ctx context.Context, s ruleset) (rego.PreparedEvalQuery, error) {
	query := "data.bench.findings"
	if len(s.windows) > 0 {
		query += "; data.bench.observe"
	}
	return prepare(ctx, s.site, map[string]string{"bench.rego": s.oneSet()}, query)
}

// perRule prepares s as it is written, a package a rule.
func perRule(ctx context.Context, s ruleset) (rego.PreparedEvalQuery, error) {
	return prepare(ctx, s.site, s.policies(), "data.policies")
}

// usual is OPA as most services embed it: the event becomes a map, the result
// comes as a JSON-like tree.
func usual(q rego.PreparedEvalQuery) evaluate {
	ctx := context.Background()
	return func(ev *cordon.Event) (int, error) {
		var input map[string]any
		if err := json.Unmarshal(ev.Body, &input); err != nil {
			return 0, err
		}
		rs, err := q.Eval(ctx, rego.EvalInput(input))
		if err != nil || len(rs) == 0 {
			return 0, err
		}
		return countFindings(rs[0].Expressions[0].Value), nil
	}
}

// countFindings counts the elements of all sets below v.
func countFindings(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		return len(v)
	case map[string]any:
		for name, below := range v {
			if name != "observe" {
				n += countFindings(below)
			}
		}
	}
	return n
}

// tuned is OPA with all that makes it fast from outside: the event becomes its
// own type in one step, no metrics, no goroutine to cancel it, no conversion of
// the result.
func tuned(q rego.PreparedEvalQuery) evaluate {
	ctx, read := context.Background(), newReader()
	return func(ev *cordon.Event) (int, error) {
		input, err := read.value(ev.Body)
		if err != nil {
			return 0, err
		}
		rs, err := q.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(ev.Time),
			rego.EvalMetrics(metrics.NoOp()), rego.EvalExternalCancel(topdown.NewCancel()),
			rego.EvalGenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }))
		if err != nil || len(rs) == 0 {
			return 0, err
		}
		set, _ := rs[0].Expressions[0].Value.(*ast.Term).Value.(ast.Set)
		if set == nil {
			return 0, nil
		}
		return set.Len(), nil
	}
}
