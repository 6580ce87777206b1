package engine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// checkRules looks for what the engine needs and for what it would misread.
func checkRules(m module, meta Meta) Problems {
	c := ruleCheck{file: m.file, meta: meta, observed: map[string]bool{}}
	for _, r := range m.parsed.Rules {
		c.rule(r)
		c.patterns(r)
	}
	if !c.found {
		c.bad(m.parsed.Package.Location, "no rule "+findingsRule, `write findings contains {"summary": "..."} if { ... }`)
	}
	for _, w := range meta.Windows {
		for _, name := range w.observers() {
			if c.observed[name] {
				continue
			}
			cause := "window " + w.Name + " observes nothing"
			if w.Kind == Sequence {
				cause = "step " + name + " of window " + w.Name + " observes nothing"
			}
			c.bad(m.parsed.Package.Location, cause, "write observe contains "+strconv.Quote(name)+" if { ... }")
		}
	}
	return c.problems
}

type ruleCheck struct {
	file     string
	meta     Meta
	found    bool
	observed map[string]bool
	problems Problems
}

func (c *ruleCheck) bad(at *ast.Location, cause, next string) {
	c.problems = append(c.problems, Problem{File: c.file, Line: at.Row, Column: at.Col, Cause: cause, Next: next})
}

func (c *ruleCheck) rule(r *ast.Rule) {
	ref := r.Head.Ref()
	observes := false
	switch ref[0].Value.String() {
	case findingsRule:
		c.found = true
		c.findings(r)
	case observeRule:
		observes = true
		c.observe(r)
	}
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		c.windowRef(ref, observes)
		return false
	})
}

func (c *ruleCheck) findings(r *ast.Rule) {
	if r.Head.RuleKind() != ast.MultiValue || r.Default || r.Else != nil {
		c.bad(r.Location, findingsRule+" must be a set", `write findings contains {"summary": "..."} if { ... }`)
		return
	}
	o, ok := r.Head.Key.Value.(ast.Object)
	if !ok {
		return
	}
	known := []string{summaryField, evidenceField, keyField}
	o.Foreach(func(k, _ *ast.Term) {
		name, ok := k.Value.(ast.String)
		if ok && !slices.Contains(known, string(name)) {
			c.bad(k.Location, "a finding has no field "+strconv.Quote(string(name)), didYouMean(string(name), known))
		}
	})
	if o.Get(ast.StringTerm(summaryField)) == nil {
		c.bad(r.Location, "a finding needs a summary", `add "summary": "one line for people"`)
	}
}

func (c *ruleCheck) observe(r *ast.Rule) {
	if r.Default || r.Else != nil || r.Head.RuleKind() != ast.MultiValue {
		c.bad(r.Location, observeRule+" must be a set of names of windows", `write observe contains "<window>" if { ... }`)
		return
	}
	name, ok := r.Head.Key.Value.(ast.String)
	names := c.observers()
	if !ok || !slices.Contains(names, string(name)) {
		c.bad(r.Head.Key.Location, "no window "+r.Head.Key.String()+" in METADATA", didYouMean(string(name), names))
		return
	}
	c.observed[string(name)] = true
}

// observers are the names that observe may contain.
func (c *ruleCheck) observers() []string {
	var names []string
	for _, w := range c.meta.Windows {
		names = append(names, w.observers()...)
	}
	return names
}

func (c *ruleCheck) windowNames() []string {
	var names []string
	for _, w := range c.meta.Windows {
		names = append(names, w.Name)
	}
	return names
}

// windowRef checks what a rule reads below input.windows.
func (c *ruleCheck) windowRef(r ast.Ref, observes bool) {
	if len(r) < 2 || !r.HasPrefix(ast.InputRootRef) || !ast.String(windowsKey).Equal(r[1].Value) || r[0].Location == nil {
		return
	}
	if observes {
		c.bad(r[0].Location, "an observe rule reads input.windows", "windows are there only after all of them have observed the event")
		return
	}
	if len(r) < 3 {
		return
	}
	name, _ := r[2].Value.(ast.String)
	i := slices.IndexFunc(c.meta.Windows, func(w Window) bool { return w.Name == string(name) })
	if i < 0 {
		c.bad(r[0].Location, "no window "+strconv.Quote(string(name))+" in METADATA", didYouMean(string(name), c.windowNames()))
		return
	}
	if len(r) < 4 {
		return
	}
	field, _ := r[3].Value.(ast.String)
	if known := c.meta.Windows[i].Kind.fields(); !slices.Contains(known, string(field)) {
		c.bad(r[0].Location, fmt.Sprintf("window %s of kind %s has no field %q", string(name), c.meta.Windows[i].Kind, string(field)), didYouMean(string(field), known))
	}
}
