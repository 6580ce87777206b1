package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Line is one line of the rules that say when a policy finds or observes
// something, as far as it costs anything.
type Line struct {
	File   string // relative to the folder of policies
	Number int    // from 1
	Text   string // the condition, or the part of it that was compiled
	Native bool   // decided without OPA, for events of the usual shape
}

// Explain returns the lines of p's conditions in their order. A rule pays for
// those that are not native only on events for which all others hold.
func (p *Policy) Explain() []Line {
	lines := map[Line]string{} // the longest text of a place
	for _, r := range append(slices.Clone(p.observe), p.findings) {
		for i := range r.native.bodies {
			r.native.bodies[i].explain(lines)
		}
	}
	out := make([]Line, 0, len(lines))
	for place, text := range lines {
		opaque := place
		opaque.Native = false
		if _, asked := lines[opaque]; place.Native && asked {
			continue // one part of a line is enough to ask OPA
		}
		place.Text = text
		out = append(out, place)
	}
	slices.SortFunc(out, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Number, b.Number))
	})
	return out
}

// explain adds the conditions of b to lines.
func (b *body) explain(lines map[Line]string) {
	bound := map[int]bool{}
	for i := range b.conditions {
		c := &b.conditions[i]
		native := c.native(bound)
		if native && c.out >= 0 {
			bound[c.out] = true
		}
		if c.at == nil || c.at.Row == 0 || c.said && !native {
			continue
		}
		place := Line{File: c.at.File, Number: c.at.Row, Native: native}
		text, _, _ := strings.Cut(string(c.at.Text), "\n")
		if old, ok := lines[place]; !ok || len(text) > len(old) {
			lines[place] = text
		}
	}
}

// native reports whether c is decided without OPA where the locals bound are
// known.
func (c *condition) native(bound map[int]bool) bool {
	if c.op == opOpaque || c.op == opRule && !c.rule.native(len(c.args)) {
		return false
	}
	return !slices.ContainsFunc(c.args, func(o operand) bool { return !o.native(bound) })
}

func (o *operand) native(bound map[int]bool) bool {
	switch o.from {
	case fromUnknown:
		return false
	case fromLocal:
		return bound[o.number]
	}
	return !slices.ContainsFunc(o.refs, func(r operand) bool { return !r.native(bound) })
}

// native reports whether p, called with args arguments, is decided without OPA.
func (p *program) native(args int) bool {
	for i := range p.bodies {
		bound := map[int]bool{}
		for arg := range args {
			bound[arg] = true
		}
		for j := range p.bodies[i].conditions {
			c := &p.bodies[i].conditions[j]
			if !c.native(bound) {
				return false
			}
			bound[c.out] = true
		}
	}
	return !p.opaque
}

// saidOf tells of the expressions of r's body which of them only make what its
// head says, such as evidence := {...}: they are evaluated where all else holds.
func saidOf(r *ast.Rule) []bool {
	said := make([]bool, len(r.Body))
	for i := len(r.Body) - 1; i >= 0; i-- {
		v, ok := madeBy(r.Body[i])
		for j, e := range r.Body {
			ok = ok && (j == i || said[j] || !mentions(e, v))
		}
		said[i] = ok
	}
	return said
}

// madeBy returns the variable that e gives a value to, unless it may do so
// several times.
func madeBy(e *ast.Expr) (ast.Var, bool) {
	terms, ok := e.Terms.([]*ast.Term)
	if !ok || e.Negated || len(e.With) > 0 {
		return "", false
	}
	operands := terms[1:]
	if e.IsEquality() {
		v, ok := operands[0].Value.(ast.Var)
		r, isRef := operands[1].Value.(ast.Ref)
		return v, ok && (!isRef || r.IsGround())
	}
	decl, ok := ast.BuiltinMap[terms[0].String()]
	if !ok || len(operands) != len(decl.Decl.FuncArgs().Args)+1 {
		return "", false
	}
	v, ok := operands[len(operands)-1].Value.(ast.Var)
	return v, ok
}

func mentions(e *ast.Expr, v ast.Var) bool {
	found := false
	ast.WalkVars(e, func(w ast.Var) bool {
		found = found || w == v
		return found
	})
	return found
}
