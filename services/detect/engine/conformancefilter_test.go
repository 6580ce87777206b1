package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/test/cases"

	"github.com/cordon-iot/cordon"
)

// prefilterCase makes a policy of the query of tc, with the modules of tc as
// shared modules and its data as facts about the site, and evaluates it on an
// event that is the input of tc.
func prefilterCase(tc cases.TestCase) (skip string, err error) {
	body, skip := bodyOf(tc)
	if skip != "" {
		return skip, nil
	}
	f := folderMaker{tc: tc, fsys: fstest.MapFS{}, moved: map[string]string{}}
	if err := f.all(); err != nil {
		return err.Error(), nil //nolint:nilerr // why it is skipped
	}
	pack, err := Load(context.Background(), f.fsys, LoadOptions{})
	var bad Problems
	switch {
	case errors.As(err, &bad):
		return why(bad), nil
	case err != nil:
		return "", err
	}
	var failed []error
	e := New(pack, Options{Watchdog: patient, Report: func(_ *Policy, _ cordon.EventID, err error) { failed = append(failed, err) }})
	found, err := e.Evaluate(context.Background(), at(0, body))
	if err != nil {
		return "", err
	}
	var got []string
	for _, x := range found {
		got = append(got, x.Summary)
	}
	want, fails := wantedFindings(tc, f.simple)
	if d := cmp.Diff(want, got); d != "" || fails != (len(failed) > 0) {
		return "", fmt.Errorf("findings (-want +got):\n%s\nerrors %v; want some: %t", d, failed, fails)
	}
	return "", nil
}

// bodyOf is the input of tc as the body of an event.
func bodyOf(tc cases.TestCase) (body, skip string) {
	switch {
	case tc.StrictError:
		return "", onlyStrict
	case tc.InputTerm != nil:
		return "", "the input is a term of Rego and not JSON"
	case tc.Input == nil && strings.Contains(strings.Join(tc.Modules, ""), "input"):
		return "", "reads input and has none"
	case tc.Input == nil:
		return "{}", ""
	}
	if _, ok := (*tc.Input).(map[string]any); !ok {
		return "", "the input is no object"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(*tc.Input); err != nil {
		return "", err.Error()
	}
	return strings.TrimSpace(b.String()), ""
}

// wantedFindings are those of the policy that folderMaker writes, and whether
// its evaluation is to fail.
func wantedFindings(tc cases.TestCase, simple bool) (want []string, fails bool) {
	if tc.WantResult == nil {
		return nil, true
	}
	rows := *tc.WantResult
	if len(rows) > 0 {
		want = append(want, "defined")
	}
	switch holds := slices.ContainsFunc(rows, func(row map[string]any) bool { return row["x"] != false }); {
	case simple && holds:
		want = append(want, "true")
	case simple:
		want = append(want, "not")
	}
	slices.Sort(want)
	return want, false
}

// folderMaker writes a case as a folder of policies.
type folderMaker struct {
	tc     cases.TestCase
	fsys   fstest.MapFS
	moved  map[string]string // the first part of what is below data, to where it goes
	simple bool              // the query asks for the value of one rule
}

func (f *folderMaker) all() error {
	modules, err := f.modules()
	if err != nil {
		return err
	}
	if err := f.facts(); err != nil {
		return err
	}
	for _, m := range modules {
		if err := f.lib(m); err != nil {
			return err
		}
	}
	return f.policy()
}

func (f *folderMaker) modules() ([]*ast.Module, error) {
	var out []*ast.Module
	for _, text := range f.tc.Modules {
		m, err := ast.ParseModuleWithOpts("case.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		switch {
		case err != nil:
			return nil, errors.New(why(parseProblems("", err)))
		case len(m.Package.Path) != 2:
			return nil, errors.New("a package of several parts; shared modules are lib.<name>")
		}
		name := string(m.Package.Path[1].Value.(ast.String))
		if f.moved[name] != "" {
			return nil, errors.New("two modules of one package; shared modules are one file each")
		}
		f.moved[name] = libFolder
		out = append(out, m)
	}
	return out, nil
}

func (f *folderMaker) facts() error {
	if f.tc.Data == nil {
		return nil
	}
	for key, v := range *f.tc.Data {
		if f.moved[key] != "" {
			return errors.New("rules and data at one place; a site's facts are apart from rules")
		}
		f.moved[key] = siteFolder
		text, err := json.Marshal(map[string]any{key: v})
		if err != nil {
			return err
		}
		f.fsys[siteFolder+"/"+key+".json"] = &fstest.MapFile{Data: text}
	}
	return nil
}

// move makes references into data lead to where things have gone.
func (f *folderMaker) move(x any) error {
	_, err := ast.TransformRefs(x, func(r ast.Ref) (ast.Value, error) {
		if !r.HasPrefix(ast.DefaultRootRef) {
			return r, nil
		}
		if len(r) < 2 {
			return nil, errors.New("reads all of data")
		}
		name, ok := r[1].Value.(ast.String)
		if !ok {
			return nil, errors.New("reads all of data")
		}
		folder := f.moved[string(name)]
		if folder == "" {
			folder = siteFolder // what is not there
		}
		return slices.Concat(r[:1], ast.Ref{ast.StringTerm(folder)}, r[1:]), nil
	})
	return err
}

func (f *folderMaker) lib(m *ast.Module) error {
	name := string(m.Package.Path[1].Value.(ast.String))
	if err := f.move(m); err != nil {
		return err
	}
	text, err := format.AstWithOpts(m, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return err
	}
	if again, err := ast.ParseModuleWithOpts("case.rego", string(text), ast.ParserOptions{RegoVersion: ast.RegoV1}); err != nil || again.Compare(m) != 0 {
		return errors.New("opa fmt gives it another meaning")
	}
	f.fsys[libFolder+"/"+name+".rego"] = &fstest.MapFile{Data: text}
	return nil
}

func (f *folderMaker) policy() error {
	body, err := ast.ParseBodyWithOpts(f.tc.Query, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return errors.New(why(parseProblems("", err)))
	}
	if err := f.move(body); err != nil {
		return err
	}
	rules := fmt.Sprintf("findings contains \"defined\" if {\n\t%s\n}\n", body)
	if sides := body[0].Operands(); len(body) == 1 && body[0].IsEquality() && sides[1].Equal(ast.VarTerm("x")) && sides[0].IsGround() {
		f.simple = true
		rules += fmt.Sprintf("\nfindings contains \"true\" if %v\n\nfindings contains \"not\" if not %v\n", sides[0], sides[0])
	}
	f.fsys["a/b/policy.rego"] = &fstest.MapFile{Data: []byte(policyText("a.b", plain, rules))}
	return nil
}
