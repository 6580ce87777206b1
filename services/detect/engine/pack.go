package engine

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Pack is a folder of policies, compiled. It never changes; any number of
// engines may share it.
type Pack struct {
	Policies []*Policy // sorted by package
	Problems Problems  // of the policies that were left out; only with KeepGoing
	paths    []Path
	memos    int // helpers whose truth is kept for an event
	index    *index
}

// LoadOptions says what to do about broken policies.
type LoadOptions struct {
	// KeepGoing loads the policies that are in order and lists the others in
	// Pack.Problems. A running service wants that: a rule that does not
	// compile must not stop the rest. Without it any problem is an error, of
	// type Problems.
	KeepGoing bool
}

// Load compiles the folder of policies fsys:
//
//	<area>/<name>/policy.rego    a policy, package policies.<area>.<name>
//	<area>/<name>/*_test.rego    its tests; not read
//	lib/<name>.rego              shared Rego, package lib.<name>
//	site/<name>.yaml or .json    facts about the site, as data.site.<name>
func Load(ctx context.Context, fsys fs.FS, o LoadOptions) (*Pack, error) {
	known, err := readBuiltins(builtinsFile)
	if err != nil {
		return nil, err
	}
	b := &builder{builtins: known, caps: known.capabilities(), shared: shared{done: map[string]*program{}}}
	if b.source, err = readSource(fsys, b.caps); err != nil {
		return nil, err
	}
	site, err := ast.InterfaceToValue(b.source.site)
	if err != nil {
		return nil, fmt.Errorf("facts about the site: %w", err)
	}
	b.site = ast.NewTerm(site)
	b.store = inmem.NewFromObjectWithOpts(map[string]any{siteFolder: b.source.site}, inmem.OptReturnASTValuesOnRead(true))
	return b.pack(ctx, o)
}

func (b *builder) pack(ctx context.Context, o LoadOptions) (*Pack, error) {
	b.checkLibs()
	pack := &Pack{}
	problems := slices.Clone(b.source.problems)
	for _, m := range b.source.policies {
		p, bad := b.policy(ctx, m)
		if problems = append(problems, bad...); len(bad) == 0 {
			pack.Policies = append(pack.Policies, p)
		}
	}
	slices.SortFunc(pack.Policies, func(a, c *Policy) int { return strings.Compare(a.Package, c.Package) })
	problems = append(problems, pack.dropDoubles()...)
	pack.paths, pack.memos, pack.Problems = b.paths.list, b.shared.memos, problems.sorted()
	pack.index = newIndex(pack.Policies, pack.paths)
	switch {
	case len(problems) > 0 && !o.KeepGoing:
		return nil, pack.Problems
	case len(pack.Policies) == 0:
		pack.Problems = append(pack.Problems, Problem{File: ".", Cause: "no policy to run", Next: "policies are <area>/<name>/" + policyFile})
		return nil, pack.Problems
	}
	return pack, nil
}

// checkLibs compiles the shared modules alone and leaves out those with
// errors, so that each error is told once and at its place.
func (b *builder) checkLibs() {
	names := make([]string, 0, len(b.source.libs))
	for name := range b.source.libs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m := b.source.libs[name]
		if _, bad := b.compile(m); len(bad) > 0 {
			own := slices.DeleteFunc(bad, func(p Problem) bool { return p.File != m.file })
			b.source.problem(own...)
			b.source.broken[libFolder+"/"+name] = m.file
		}
	}
	for what := range b.source.broken {
		if name, ok := strings.CutPrefix(what, libFolder+"/"); ok {
			delete(b.source.libs, name)
		}
	}
}

// dropDoubles removes policies whose id another one has already.
func (p *Pack) dropDoubles() (bad Problems) {
	first := map[string]string{}
	p.Policies = slices.DeleteFunc(p.Policies, func(q *Policy) bool {
		file, ok := first[q.ID]
		if !ok {
			first[q.ID] = q.File
			return false
		}
		bad = append(bad, Problem{File: q.File, Cause: "id " + q.ID + " belongs to " + file, Next: "take the next free number; ids are never reused"})
		return true
	})
	return bad
}
