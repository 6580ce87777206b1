package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/cordon-iot/cordon"
)

// onlyStrict is why cases about errors of builtins are left out.
const onlyStrict = "the error shows in strict mode alone; in a policy a builtin that fails is undefined"

// confirmCase asks OPA for the result of tc as the engine asks it to confirm a
// finding.
func confirmCase(tc cases.TestCase) (skip string, err error) {
	if tc.StrictError {
		return onlyStrict, nil
	}
	known, err := readBuiltins(builtinsFile)
	if err != nil {
		return "", err
	}
	q, err := queryOf(tc, known.capabilities())
	if err != nil {
		return why(opaProblems("", err, known)), nil
	}
	o := oracle{budget: DefaultBudget, watchdog: patient}
	got, err := o.ask(context.Background(), rule{query: q}, &event{Event: cordon.Event{Time: day}}, inputOf(tc), &PolicyCounts{})
	switch {
	case tc.WantErrorCode != nil || tc.WantError != nil:
		return "", wantedError(tc, err)
	case err != nil:
		return "", err
	}
	return "", wantedResult(tc, got)
}

// why is what is wrong first of all, without its place.
func why(ps Problems) string {
	for _, p := range ps {
		if !strings.HasPrefix(p.Cause, "needs ") {
			return p.Cause
		}
	}
	return ps[0].Cause
}

// queryOf prepares a query for the set of the wanted variables of tc.
func queryOf(tc cases.TestCase, caps *ast.Capabilities) (q rego.PreparedEvalQuery, err error) {
	options := ast.ParserOptions{Capabilities: caps, RegoVersion: ast.RegoV1, ProcessAnnotation: true}
	modules := map[string]*ast.Module{}
	texts := append(slices.Clone(tc.Modules), fmt.Sprintf("package conformance\n\nresult contains %s if {\n%s\n}\n", variables(tc), tc.Query))
	for i, text := range texts {
		name := fmt.Sprintf("%d.rego", i)
		if modules[name], err = ast.ParseModuleWithOpts(name, text, options); err != nil {
			return q, err
		}
	}
	compiler := (&builder{caps: caps}).newCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return q, compiler.Errors
	}
	data := map[string]any{}
	if tc.Data != nil {
		data = *tc.Data
	}
	return rego.New(
		rego.Compiler(compiler), rego.Capabilities(caps), rego.Query("data.conformance.result"),
		rego.Store(inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))),
	).PrepareForEval(context.Background())
}

// variables is an object of the variables that tc is about.
func variables(tc cases.TestCase) string {
	names := map[string]struct{}{}
	if tc.WantResult != nil {
		for _, row := range *tc.WantResult {
			for name := range row {
				names[name] = struct{}{}
			}
		}
	}
	var fields []string
	for _, name := range util.KeysSorted(names) {
		fields = append(fields, fmt.Sprintf("%q: %s", name, name))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func inputOf(tc cases.TestCase) ast.Value {
	switch {
	case tc.InputTerm != nil:
		return ast.MustParseTerm(*tc.InputTerm).Value
	case tc.Input != nil:
		return ast.MustInterfaceToValue(*tc.Input)
	}
	return nil
}

func wantedError(tc cases.TestCase, err error) error {
	var e *topdown.Error
	switch {
	case !errors.As(err, &e):
		return fmt.Errorf("error = %v; want one of OPA", err) //nolint:errorlint // may be none
	case tc.WantErrorCode != nil && e.Code != *tc.WantErrorCode:
		return fmt.Errorf("code of %w; want %s", err, *tc.WantErrorCode)
	case tc.WantError != nil && !strings.Contains(err.Error(), *tc.WantError):
		return fmt.Errorf("error = %w; want %s", err, *tc.WantError)
	}
	return nil
}

// wantedResult compares the set got with the rows that tc wants, as OPA's own
// test does.
func wantedResult(tc cases.TestCase, got *ast.Term) error {
	want, have := ast.NewSet(), ast.NewSet()
	for _, row := range *tc.WantResult {
		want.Add(ast.NewTerm(ast.MustInterfaceToValue(row)))
	}
	for _, t := range got.Value.(ast.Set).Slice() {
		row, err := ast.JSON(t.Value)
		if err != nil {
			return err
		}
		for _, v := range row.(map[string]any) {
			if list, ok := v.([]any); ok && tc.SortBindings {
				slices.SortFunc(list, util.Compare)
			}
		}
		have.Add(ast.NewTerm(ast.MustInterfaceToValue(row)))
	}
	if want.Compare(have) != 0 {
		return fmt.Errorf("result = %v; want %v", have, want)
	}
	return nil
}
