package engine

import (
	"net/netip"
	"regexp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// clause is a body of a rule as far as atoms go: it can hold only where all of
// them do.
type clause struct {
	atoms []atom
	exact bool // and does hold there: the atoms are all that it says
}

// atomizer makes clauses of the bodies of rules.
type atomizer struct {
	tables map[tableID]*table
}

// bodyReader is a body under way.
type bodyReader struct {
	*atomizer
	locals []operand // what they stand for
	out    clause
}

// clauses returns those of p called with args.
func (a *atomizer) clauses(p *program, args []operand) []clause {
	if p.opaque {
		return []clause{{}}
	}
	out := make([]clause, 0, len(p.bodies))
	for i := range p.bodies {
		out = append(out, a.clause(&p.bodies[i], args))
	}
	return out
}

func (a *atomizer) clause(b *body, args []operand) clause {
	f := &bodyReader{atomizer: a, locals: make([]operand, b.locals), out: clause{exact: true}}
	copy(f.locals, args)
	for i := range b.conditions {
		f.condition(&b.conditions[i])
	}
	said := slices.Clone(f.out.atoms)
	f.out.atoms = slices.DeleteFunc(f.out.atoms, func(x atom) bool { return x.isSaid(said) })
	return f.out
}

// isSaid reports whether one of as says that there is a value, which is all
// that a says, and more.
func (a *atom) isSaid(as []atom) bool {
	if a.not || a.test != isDefined && (a.test != isReading || a.op != opBind) {
		return false
	}
	return slices.ContainsFunc(as, func(x atom) bool {
		if x.not || x.test == isDefined && x.from.table == nil || (x.test == isReading) != (a.test == isReading) {
			return false
		}
		if a.test == isReading {
			return x.op != opBind && x.window == a.window && x.field == a.field
		}
		return x.from.path == a.from.path && (a.from.table == nil || x.from == a.from && x.test != isDefined)
	})
}

// bound reports whether an atom says that there is a value at p.
func (f *bodyReader) bound(p place) bool {
	return slices.ContainsFunc(f.out.atoms, func(x atom) bool { return x.test == isDefined && !x.not && x.from == p })
}

func (f *bodyReader) add(as ...atom) { f.out.atoms = append(f.out.atoms, as...) }

// vague notes that a condition is left to the machine.
func (f *bodyReader) vague() { f.out.exact = false }

func (f *bodyReader) condition(c *condition) {
	args := make([]operand, len(c.args))
	for i, o := range c.args {
		args[i] = f.resolve(o)
	}
	var as []atom
	ok := false
	switch c.op {
	case opBind:
		as, ok = f.bind(c, args[0])
	case opTruthy:
		as, ok = f.scalar(args[0], atom{test: isTruthy, not: c.negated})
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		as, ok = f.comparison(c, args)
	case opCall:
		as, ok = f.call(c, args)
	case opRule:
		as, ok = f.helper(c, args)
	}
	if f.add(as...); !ok {
		f.vague()
	}
}

// resolve replaces locals by what they stand for, and documents that are the
// same whatever the event by their value.
func (f *bodyReader) resolve(o operand) operand {
	switch o.from {
	case fromLocal:
		return f.locals[o.number]
	case fromData:
		refs := make([]operand, len(o.refs))
		for i, r := range o.refs {
			refs[i] = f.resolve(r)
		}
		return lookedUp(operand{from: fromData, base: o.base, refs: refs})
	}
	return o
}

// lookedUp goes down o's document as far as the keys are constant.
func lookedUp(o operand) operand {
	for len(o.refs) > 0 && o.refs[0].from == fromConstant {
		doc, isObject := o.base.Value.(ast.Object)
		key, isText := o.refs[0].term.Value.(ast.String)
		if !isObject || !isText {
			return operand{}
		}
		if o.base = doc.Get(ast.NewTerm(key)); o.base == nil {
			return operand{}
		}
		o.refs = o.refs[1:]
	}
	if len(o.refs) == 0 {
		return operand{from: fromConstant, term: o.base}
	}
	return o
}

// bind lets a local stand for o, which must be defined.
func (f *bodyReader) bind(c *condition, o operand) ([]atom, bool) {
	f.locals[c.out] = o
	switch o.from {
	case fromConstant:
		return nil, true
	case fromWindow:
		return []atom{{test: isReading, window: o.number, field: o.field, op: opBind}}, true
	}
	return f.scalar(o, atom{test: isDefined})
}

// scalar returns a as an atom about o, if there can be one.
func (f *bodyReader) scalar(o operand, a atom) ([]atom, bool) {
	from, ok := f.place(o)
	if !ok {
		return nil, false
	}
	a.from = from
	return []atom{a}, true
}

// place is where o is found without OPA.
func (f *bodyReader) place(o operand) (place, bool) {
	switch {
	case o.from == fromPath:
		return place{path: o.number}, true
	case o.from == fromData && o.refs[0].from == fromPath:
		t := f.table(o)
		return place{path: o.refs[0].number, table: t}, t != nil
	}
	return place{}, false
}

// table returns what o looks up, nil if it is more than one text.
func (f *bodyReader) table(o operand) *table {
	doc, ok := o.base.Value.(ast.Object)
	if !ok {
		return nil
	}
	id := tableID{doc: doc}
	for _, r := range o.refs[1:] {
		if r.from != fromConstant {
			return nil
		}
		id.rest += "\x00" + r.term.String()
	}
	t, ok := f.tables[id]
	if !ok {
		t = newTable(doc, o.refs[1:])
		f.tables[id] = t
	}
	return t
}

func (f *bodyReader) comparison(c *condition, args []operand) ([]atom, bool) {
	x, y, op := args[0], args[1], c.op
	if x.from == fromConstant {
		x, y, op = y, x, op.mirrored()
	}
	if y.from != fromConstant {
		return nil, false
	}
	v, ok := scalarOf(y.term)
	if !ok {
		return nil, false
	}
	switch {
	case x.from == fromWindow && v.kind == scan.Number:
		return []atom{{test: isReading, window: x.number, field: x.field, op: op, than: v.number, not: c.negated}}, true
	case op == opEqual:
		return f.scalar(x, atom{test: isIn, set: setOf(v), not: c.negated})
	case op == opNotEqual && !c.negated:
		differs, ok := f.scalar(x, atom{test: isIn, set: setOf(v), not: true})
		if !ok || f.bound(differs[0].from) {
			return differs, ok
		}
		return append(differs, atom{test: isDefined, from: differs[0].from}), true
	case op != opNotEqual && v.kind == scan.Number:
		return f.scalar(x, atom{test: isOrdered, op: op, than: v.number, not: c.negated})
	}
	return nil, false
}

// mirrored is the comparison with its sides exchanged.
func (o operation) mirrored() operation {
	switch o {
	case opLess:
		return opGreater
	case opLessEqual:
		return opGreaterEqual
	case opGreater:
		return opLess
	case opGreaterEqual:
		return opLessEqual
	}
	return o
}

// call makes an atom of a builtin that compares a scalar with constants.
func (f *bodyReader) call(c *condition, args []operand) ([]atom, bool) {
	if c.out >= 0 || len(args) != 2 {
		return nil, false
	}
	x, y := args[0], args[1]
	if c.name == "net.cidr_contains" || c.name == "regex.match" {
		x, y = y, x
	}
	if y.from != fromConstant {
		return nil, false
	}
	a, ok := against(c.name, y.term)
	if !ok {
		return nil, false
	}
	a.not = c.negated
	return f.scalar(x, a)
}

// against is the atom that the builtin name makes with the constant t.
func against(name string, t *ast.Term) (a atom, ok bool) {
	switch name {
	case "internal.member_2":
		a.test = isIn
		a.set, ok = setFrom(t)
	case "startswith", "strings.any_prefix_match":
		a.test = hasPrefix
		a.words, ok = wordsOf(t, name != "startswith")
	case "endswith", "strings.any_suffix_match":
		a.test = hasSuffix
		a.words, ok = wordsOf(t, name != "endswith")
	case "contains":
		a.test = hasPart
		a.words, ok = wordsOf(t, false)
	case "net.cidr_contains":
		a.test = isWithin
		a.nets, ok = netsOf(t)
	case "regex.match":
		a.test = matchesPattern
		a.pattern, ok = patternOf(t)
	}
	return a, ok
}

// helper makes atoms of a rule that is true or undefined.
func (f *bodyReader) helper(c *condition, args []operand) ([]atom, bool) {
	cs := f.clauses(c.rule, args)
	if len(cs) == 1 && !c.negated {
		return cs[0].atoms, cs[0].exact
	}
	one, ok := union(cs)
	if !ok {
		return nil, false
	}
	one.not = one.not != c.negated
	return []atom{one}, true
}

// union returns the atom that says what cs say together, if one can.
func union(cs []clause) (atom, bool) {
	var all atom
	for i, c := range cs {
		if !c.exact || len(c.atoms) != 1 {
			return atom{}, false
		}
		a := c.atoms[0]
		switch {
		case i == 0:
			all = a
		case a.test != isIn || all.test != isIn || a.not || all.not || a.from != all.from:
			return atom{}, false
		default:
			all.set = all.set.and(a.set)
		}
	}
	return all, len(cs) > 0
}

func netsOf(t *ast.Term) ([]netip.Prefix, bool) {
	text, ok := t.Value.(ast.String)
	if !ok {
		return nil, false
	}
	n, err := netip.ParsePrefix(string(text))
	if err != nil || n.Addr().Is4In6() {
		return nil, false
	}
	return []netip.Prefix{n.Masked()}, true
}

func patternOf(t *ast.Term) (*regexp.Regexp, bool) {
	text, ok := t.Value.(ast.String)
	if !ok {
		return nil, false
	}
	p, err := regexp.Compile(string(text))
	return p, err == nil
}

// wordsOf returns the texts that t is or, if many, holds.
func wordsOf(t *ast.Term, many bool) ([]string, bool) {
	if s, ok := t.Value.(ast.String); ok {
		return []string{string(s)}, true
	}
	if !many {
		return nil, false
	}
	var words []string
	all := eachOf(t, func(e *ast.Term) bool {
		s, ok := e.Value.(ast.String)
		words = append(words, string(s))
		return ok
	})
	return words, all
}

// eachOf calls f for the elements of a set or an array, until it returns false.
// It reports whether t is one of these and f never did.
func eachOf(t *ast.Term, f func(*ast.Term) bool) bool {
	all := true
	each := func(e *ast.Term) { all = all && f(e) }
	switch v := t.Value.(type) {
	case ast.Set:
		v.Foreach(each)
	case *ast.Array:
		v.Foreach(each)
	default:
		return false
	}
	return all
}
