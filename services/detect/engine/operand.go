package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

func (l *lowering) operands(terms []*ast.Term, s scope) []operand {
	out := make([]operand, len(terms))
	for i, t := range terms {
		out[i] = l.operand(t, s)
	}
	return out
}

func (l *lowering) operand(t *ast.Term, s scope) operand {
	switch v := t.Value.(type) {
	case ast.Var:
		if i, ok := s[v]; ok {
			return operand{from: fromLocal, number: i}
		}
	case ast.Ref:
		return l.ref(v, s)
	case ast.Call:
		return operand{}
	}
	if isConstant(t) {
		return operand{from: fromConstant, term: t}
	}
	if a, ok := t.Value.(*ast.Array); ok {
		o := operand{from: fromArray}
		a.Foreach(func(e *ast.Term) { o.refs = append(o.refs, l.operand(e, s)) })
		return o
	}
	return operand{}
}

// isConstant reports whether t is the same whatever the event.
func isConstant(t *ast.Term) bool {
	constant := true
	ast.WalkTerms(t, func(x *ast.Term) bool {
		switch x.Value.(type) {
		case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		default:
			constant = false
		}
		return !constant
	})
	return constant
}

func (l *lowering) ref(r ast.Ref, s scope) operand {
	if r.HasPrefix(ast.InputRootRef) {
		return l.inputRef(r)
	}
	if t := l.constantRule(r); t != nil {
		return operand{from: fromConstant, term: t}
	}
	if !r.HasPrefix(ast.DefaultRootRef) || len(r) < 3 || !ast.String(siteFolder).Equal(r[1].Value) {
		return operand{}
	}
	return operand{from: fromData, base: l.site, refs: l.operands(r[2:], s)}
}

// constantRule returns the value of the rule at r if it is the same whatever
// the event, else nil.
func (l *lowering) constantRule(r ast.Ref) *ast.Term {
	if !r.HasPrefix(ast.DefaultRootRef) || !r.IsGround() {
		return nil
	}
	rules := l.compiler.GetRulesExact(r)
	if len(rules) != 1 {
		return nil
	}
	rule := rules[0]
	head := rule.Head
	if rule.Default || rule.Else != nil || len(head.Args) > 0 || head.RuleKind() != ast.SingleValue ||
		!isConstant(head.Value) || !rule.Body.Equal(ast.NewBody(ast.NewExpr(ast.InternedTerm(true)))) {
		return nil
	}
	return head.Value
}

func (l *lowering) inputRef(r ast.Ref) operand {
	var p Path
	for _, t := range r[1:] {
		key, ok := t.Value.(ast.String)
		if !ok {
			return operand{}
		}
		p = append(p, string(key))
	}
	switch {
	case len(p) == 0:
		return operand{}
	case p[0] == windowsKey:
		return l.windowRef(p)
	}
	return operand{from: fromPath, number: l.paths.number(p)}
}

func (l *lowering) windowRef(p Path) operand {
	l.reads = true
	if len(p) != 3 {
		return operand{}
	}
	i := slices.IndexFunc(l.windows, func(w *window) bool { return w.Name == p[1] })
	if i < 0 {
		return operand{}
	}
	field := slices.Index(l.windows[i].Kind.fields(), p[2])
	if field < 0 {
		return operand{}
	}
	return operand{from: fromWindow, number: i, field: field}
}
