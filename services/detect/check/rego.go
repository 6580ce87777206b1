package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Failure is one thing that a check found wrong.
type Failure struct {
	Where string // file, test or fixture
	What  string
}

// String is "where: what".
func (f Failure) String() string { return f.Where + ": " + f.What }

// eachRego calls f for every Rego file below fsys, tests included.
func eachRego(fsys fs.FS, f func(name string, text []byte) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return f(name, text)
	})
}

// Format lists the files that opa fmt would change.
func Format(fsys fs.FS) ([]Failure, error) {
	var out []Failure
	err := eachRego(fsys, func(name string, text []byte) error {
		want, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
		switch {
		case err != nil:
			out = append(out, Failure{name, err.Error()})
		case !bytes.Equal(want, text):
			out = append(out, Failure{name, "is not formatted; run opa fmt --write"})
		}
		return nil
	})
	return out, err
}

// compile compiles all Rego below fsys together, strictly, tests included.
func compile(fsys fs.FS) (*ast.Compiler, error) {
	caps, err := engine.Capabilities()
	if err != nil {
		return nil, err
	}
	modules := map[string]*ast.Module{}
	err = eachRego(fsys, func(name string, text []byte) error {
		m, err := ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{ProcessAnnotation: true, Capabilities: caps, RegoVersion: ast.RegoV1})
		modules[name] = m
		return err
	})
	if err != nil {
		return nil, err
	}
	c := ast.NewCompiler().WithCapabilities(caps).WithStrict(true)
	if c.Compile(modules); c.Failed() {
		return nil, c.Errors
	}
	return c, nil
}

// Strict lists what opa check --strict would say, with the builtins that the
// engine allows.
func Strict(fsys fs.FS) []Failure {
	_, err := compile(fsys)
	var errs ast.Errors
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &errs):
		return []Failure{{".", err.Error()}}
	}
	var out []Failure
	for _, e := range errs {
		out = append(out, Failure{e.Location.String(), e.Message})
	}
	return out
}

// site reads the facts about the site as OPA's own tools do.
func site(fsys fs.FS) (map[string]any, error) {
	all := map[string]any{}
	entries, err := fs.ReadDir(fsys, "site")
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{"site": all}, nil
	}
	for _, e := range entries {
		text, err := fs.ReadFile(fsys, path.Join("site", e.Name()))
		if err != nil {
			return nil, err
		}
		if err := util.Unmarshal(text, &all); err != nil {
			return nil, fmt.Errorf("site/%s: %w", e.Name(), err)
		}
	}
	return map[string]any{"site": all}, err
}

// Rego runs the Rego tests below fsys and returns how many there were and
// which did not pass.
func Rego(ctx context.Context, fsys fs.FS) (tests int, failed []Failure, err error) {
	c, err := compile(fsys)
	if err != nil {
		return 0, nil, err
	}
	data, err := site(fsys)
	if err != nil {
		return 0, nil, err
	}
	store := inmem.NewFromObject(data)
	txn, err := store.NewTransaction(ctx, storage.WriteParams)
	if err != nil {
		return 0, nil, err
	}
	defer store.Abort(ctx, txn)
	results, err := tester.NewRunner().SetCompiler(c).SetModules(c.Modules).SetStore(store).CapturePrintOutput(true).RunTests(ctx, txn)
	if err != nil {
		return 0, nil, err
	}
	for r := range results {
		tests++
		if !r.Pass() {
			failed = append(failed, Failure{fmt.Sprintf("%s: %s.%s", r.Location, strings.TrimPrefix(r.Package, "data."), r.Name), "did not pass " + string(r.Output)})
		}
	}
	return tests, failed, nil
}
