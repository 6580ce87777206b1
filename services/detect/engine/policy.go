package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/cordon-iot/cordon"
)

// Names of the rules that the engine looks at.
const (
	findingsRule = "findings" // findings contains {"summary": ..., "evidence": {...}} if ...
	observeRule  = "observe"  // observe contains "<window>" if ...
)

// Policy is one policy, ready to run. It never changes.
type Policy struct {
	Meta
	File    string // relative to the folder of policies
	Package string // policies.<area>.<name>
	Digest  string // SHA-256 of all that it was compiled from, hex

	windows    []*window // in the order of Meta.Windows
	observe    []rule    // one for each window
	identities []string  // one for each window, see builder.identity
	findings   rule
}

// rule is what the engine asks of a policy, in both forms.
type rule struct {
	native *program
	query  rego.PreparedEvalQuery
}

// Ref names p in a finding.
func (p *Policy) Ref() cordon.PolicyRef {
	return cordon.PolicyRef{ID: p.ID, Package: p.Package, Title: p.Title, Digest: p.Digest}
}

// Area is the folder that p stands in, such as "network".
func (p *Policy) Area() string { return strings.Split(p.Package, ".")[1] }

// builder compiles policies one by one, so that one that is broken spoils no
// other.
type builder struct {
	source   *source
	builtins builtins
	caps     *ast.Capabilities
	store    storage.Store
	site     *ast.Term
	paths    paths
	shared   shared
}

// policy compiles m.
func (b *builder) policy(ctx context.Context, m module) (*Policy, Problems) {
	if bad := b.unusable(m); len(bad) > 0 {
		return nil, bad
	}
	meta, bad := readMeta(m)
	bad = append(bad, checkRules(m, meta)...)
	compiler, more := b.compile(m)
	if bad = append(bad, more...); len(bad) > 0 {
		return nil, bad
	}
	p := &Policy{Meta: meta, File: m.file, Package: strings.TrimPrefix(m.parsed.Package.Path.String(), "data."), Digest: b.digest(m)}
	p.windows = newWindows(meta.Windows, &b.paths)
	for _, w := range p.windows {
		p.identities = append(p.identities, b.identity(compiler, m, w.Window)+w.part())
	}
	l := &lowering{compiler: compiler, site: b.site, paths: &b.paths, windows: p.windows, native: nativeBuiltins(), shared: &b.shared, done: map[string]*program{}}
	var err error
	for _, w := range p.windows {
		r, e := b.rule(ctx, l, m, observeRule, w.observes)
		p.observe, err = append(p.observe, r), errOr(err, e)
	}
	r, e := b.rule(ctx, l, m, findingsRule)
	if p.findings, err = r, errOr(err, e); err != nil {
		return nil, opaProblems(m.file, err, b.builtins)
	}
	return p, nil
}

func errOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// unusable says which of the files that m reads are broken themselves.
func (b *builder) unusable(m module) (bad Problems) {
	for _, what := range m.reads {
		if file, ok := b.source.broken[what]; ok {
			bad = append(bad, Problem{File: m.file, Cause: "needs " + file + ", which is broken", Next: "correct that file first"})
		}
	}
	return bad
}

func (b *builder) newCompiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(b.caps).WithStrict(true)
}

func (b *builder) compile(m module) (*ast.Compiler, Problems) {
	modules := map[string]*ast.Module{m.file: m.parsed}
	for _, name := range b.libsOf(m) {
		lib := b.source.libs[name]
		modules[lib.file] = lib.parsed
	}
	c := b.newCompiler()
	if c.Compile(modules); c.Failed() {
		return nil, opaProblems(m.file, c.Errors, b.builtins)
	}
	return c, nil
}

// libsOf returns the names of the shared modules that m reads, directly or
// through others, sorted.
func (b *builder) libsOf(m module) []string {
	var names []string
	todo := []module{m}
	for len(todo) > 0 {
		reads := todo[0].reads
		todo = todo[1:]
		for _, what := range reads {
			name, ok := strings.CutPrefix(what, libFolder+"/")
			lib, exists := b.source.libs[name]
			if ok && exists && !slices.Contains(names, name) {
				names = append(names, name)
				todo = append(todo, lib)
			}
		}
	}
	slices.Sort(names)
	return names
}

// digest is the SHA-256 of m, of the shared modules and of the facts about the
// site that it can read, each with its name and length.
func (b *builder) digest(m module) string {
	h := sha256.New()
	part := func(name string, text []byte) {
		fmt.Fprintf(h, "%s\x00%d\x00", name, len(text))
		h.Write(text)
	}
	part(m.file, m.text)
	reads := slices.Clone(m.reads)
	for _, name := range b.libsOf(m) {
		lib := b.source.libs[name]
		part(lib.file, lib.text)
		reads = append(reads, lib.reads...)
	}
	slices.Sort(reads)
	for _, what := range slices.Compact(reads) {
		if name, ok := strings.CutPrefix(what, siteFolder+"/"); ok {
			part(what, b.source.siteText[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// rule prepares the rules that make the set name, or, with an element, those
// of them that put it there.
func (b *builder) rule(ctx context.Context, l *lowering, m module, name string, element ...string) (rule, error) {
	ref := m.parsed.Package.Path.Append(ast.StringTerm(name))
	rules := l.compiler.GetRulesExact(ref)
	for _, e := range element {
		key := ast.StringTerm(e)
		ref = ref.Append(key)
		rules = slices.DeleteFunc(slices.Clone(rules), func(r *ast.Rule) bool { return !r.Head.Key.Equal(key) })
	}
	q, err := rego.New(
		rego.Compiler(l.compiler), rego.Store(b.store), rego.Capabilities(b.caps),
		rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(ref)))),
	).PrepareForEval(ctx)
	return rule{native: l.rules(rules, name == findingsRule), query: q}, err
}
