package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// nativeBuiltins are the builtins that a program may call by itself: pure
// functions of scalars and sets that cost little whatever an event holds.
func nativeBuiltins() []string {
	return []string{
		"abs", "ceil", "contains", "count", "div", "endswith", "floor", "indexof",
		"internal.member_2", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_string",
		"lower", "minus", "mul", "net.cidr_contains", "net.cidr_is_valid", "object.get", "plus", "regex.match", "rem", "round",
		"sprintf", "startswith", "strings.any_prefix_match", "strings.any_suffix_match", "to_number",
		"trim", "trim_left", "trim_prefix", "trim_right", "trim_space", "trim_suffix", "type_name", "upper",
	}
}

// lowering makes programs from the rules of one compiled policy.
type lowering struct {
	compiler *ast.Compiler
	site     *ast.Term // the document data.site
	paths    *paths
	windows  []*window
	native   []string
	shared   *shared
	done     map[string]*program // helper rules by reference
	reads    bool                // the helper being made reads a window
}

// shared are the helpers of lib/ that all policies have in common, and how many
// helpers there are whose truth is kept for an event.
type shared struct {
	done  map[string]*program
	memos int
}

// rules returns the program of rules, all of one name: it says whether they
// say anything at all. Of keyed rules it also tells the keys of what they say.
func (l *lowering) rules(rules []*ast.Rule, keyed bool) *program {
	p := &program{keyed: keyed}
	for _, r := range rules {
		if r.Default || r.Else != nil {
			p.opaque = true
			continue
		}
		b, ok := l.body(r, keyed)
		if !ok {
			p.opaque = true
			continue
		}
		p.bodies = append(p.bodies, b)
	}
	return p
}

func isTrue(t *ast.Term) bool { return t != nil && ast.Boolean(true).Equal(t.Value) }

// scope numbers the variables of one body.
type scope map[ast.Var]int

func (s scope) declare(v ast.Var) int {
	if i, ok := s[v]; ok {
		return i
	}
	s[v] = len(s)
	return s[v]
}

// body returns the native form of the body of r; false if the arguments are
// patterns.
func (l *lowering) body(r *ast.Rule, keyed bool) (body, bool) {
	s := scope{}
	for i, arg := range r.Head.Args {
		v, ok := arg.Value.(ast.Var)
		if !ok || s.declare(v) != i {
			return body{}, false
		}
	}
	var b body
	said := saidOf(r)
	for i, e := range r.Body {
		c := l.condition(e, s)
		c.at, c.said = e.Location, said[i]
		b.conditions = append(b.conditions, c)
		// Whatever e mentions is bound from here on, if only for OPA: a later
		// mention compares and does not bind.
		ast.WalkVars(e, func(v ast.Var) bool {
			s.declare(v)
			return false
		})
	}
	if keyed {
		b.key = l.key(r.Head.Key, s)
	}
	b.locals = len(s)
	return b, true
}

// key is where the key of the finding t comes from.
func (l *lowering) key(t *ast.Term, s scope) operand {
	switch v := t.Value.(type) {
	case ast.String:
		return operand{from: fromConstant, term: ast.InternedEmptyString}
	case ast.Object:
		if key := v.Get(ast.StringTerm(keyField)); key != nil {
			return l.operand(key, s)
		}
		return operand{from: fromConstant, term: ast.InternedEmptyString}
	}
	return operand{}
}

func (l *lowering) condition(e *ast.Expr, s scope) condition {
	c := condition{out: -1, negated: e.Negated}
	if len(e.With) > 0 {
		return condition{op: opOpaque}
	}
	switch terms := e.Terms.(type) {
	case *ast.Term:
		return l.naked(c, terms, s)
	case []*ast.Term:
		operands := terms[1:]
		if e.IsEquality() {
			return l.equality(c, operands, s)
		}
		return l.call(c, terms[0].String(), terms[0].Value, operands, s)
	}
	return c
}

// naked is a line that consists of one term.
func (l *lowering) naked(c condition, t *ast.Term, s scope) condition {
	if r, ok := t.Value.(ast.Ref); ok {
		if p := l.helper(r, 0); p != nil {
			c.op, c.rule = opRule, p
			return c
		}
	}
	c.op, c.args = opTruthy, []operand{l.operand(t, s)}
	return c
}

// equality is unification: it binds a variable that is new and compares
// otherwise.
func (l *lowering) equality(c condition, sides []*ast.Term, s scope) condition {
	for i, side := range sides {
		v, ok := side.Value.(ast.Var)
		if _, known := s[v]; !ok || known {
			continue
		}
		other := sides[1-i]
		if o, ok := other.Value.(ast.Var); ok {
			if _, known := s[o]; !known {
				return condition{op: opOpaque}
			}
		}
		if c.negated {
			return condition{op: opOpaque}
		}
		c.op, c.args = opBind, []operand{l.operand(other, s)}
		c.out = s.declare(v)
		return c
	}
	c.op, c.args = opEqual, l.operands(sides, s)
	return c
}

func comparison(name string) operation {
	switch name {
	case "equal":
		return opEqual
	case "neq":
		return opNotEqual
	case "lt":
		return opLess
	case "lte":
		return opLessEqual
	case "gt":
		return opGreater
	case "gte":
		return opGreaterEqual
	}
	return opOpaque
}

// call is a builtin or a function of a policy, with or without a variable for
// the result.
func (l *lowering) call(c condition, name string, operator ast.Value, operands []*ast.Term, s scope) condition {
	opaque := condition{op: opOpaque}
	if r, ok := operator.(ast.Ref); ok && r.HasPrefix(ast.DefaultRootRef) {
		p := l.helper(r, len(operands))
		if p == nil {
			return opaque
		}
		c.op, c.rule, c.args = opRule, p, l.operands(operands, s)
		return c
	}
	decl, ok := ast.BuiltinMap[name]
	if !ok {
		return opaque
	}
	arity := len(decl.Decl.FuncArgs().Args)
	if len(operands) == arity+1 {
		v, ok := operands[arity].Value.(ast.Var)
		if _, known := s[v]; !ok || known || c.negated {
			return opaque
		}
		operands, c.out = operands[:arity], s.declare(v)
	}
	c.args = l.operands(operands, s)
	if c.op = comparison(name); c.op != opOpaque && c.out < 0 {
		return c
	}
	if !slices.Contains(l.native, name) {
		return opaque
	}
	c.op, c.name, c.call = opCall, name, topdown.GetBuiltin(name)
	return c
}

// helper returns the program of the rule or function at r, or nil if it is no
// rule that is true or undefined.
func (l *lowering) helper(r ast.Ref, arity int) *program {
	if !r.HasPrefix(ast.DefaultRootRef) || !r.IsGround() {
		return nil
	}
	key := r.String()
	if p, ok := l.shared.done[key]; ok {
		return p
	}
	if p, ok := l.done[key]; ok {
		return p
	}
	rules := l.compiler.GetRulesExact(r)
	for _, rule := range rules {
		if len(rule.Head.Args) != arity || rule.Head.RuleKind() != ast.SingleValue || !isTrue(rule.Head.Value) {
			rules = nil
			break
		}
	}
	if len(rules) == 0 {
		l.done[key] = nil
		return nil
	}
	outer := l.reads
	l.reads = false
	p := l.rules(rules, false)
	if !l.reads {
		l.share(key, p, r, arity)
	}
	l.reads = l.reads || outer
	l.done[key] = p
	return p
}

// share lets p, which reads no window, be run once an event, and once for all
// policies if it is of lib/.
func (l *lowering) share(key string, p *program, r ast.Ref, arity int) {
	if arity == 0 {
		l.shared.memos++
		p.memo = l.shared.memos
	}
	if len(r) > 1 && ast.String(libFolder).Equal(r[1].Value) {
		l.shared.done[key] = p
	}
}
