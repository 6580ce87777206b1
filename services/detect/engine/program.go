package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// truth is what a condition is worth without OPA. The order matters: a body
// is worth the least of its conditions, a rule the most of its bodies.
type truth int8

const (
	no    truth = iota // certainly false or undefined
	maybe              // OPA must be asked
	yes                // certainly true
)

func (v truth) not() truth { return yes - v }

func decided(b bool) truth {
	if b {
		return yes
	}
	return no
}

// program is the native form of all rules of one name: as much of their
// conditions as can be decided without OPA. It is made from the compiled
// module, whose bodies are straight lines: operands are hoisted into local
// variables and calls are not nested. Whatever it does not know is maybe, so
// that a change of OPA can cost time and never a finding.
type program struct {
	bodies []body
	opaque bool // some rule cannot be represented at all: at least maybe
	keyed  bool // the rules are findings: their keys are wanted
	memo   int  // number of the truth that is kept for an event, 0 for none
}

type body struct {
	conditions []condition
	locals     int // variables, the first ones of them arguments
	key        operand
}

// condition is one line of a body.
type condition struct {
	op      operation
	negated bool
	args    []operand
	out     int    // local that the result is bound to, or -1
	name    string // of the builtin
	call    topdown.BuiltinFunc
	rule    *program
	at      *ast.Location // in the text of the rule
	said    bool          // it is no condition: it makes a part of the finding
}

type operation uint8

const (
	opOpaque operation = iota
	opTruthy           // args[0] is defined and not false
	opBind             // local out gets args[0]
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opCall // builtin
	opRule // rule or function that is true or undefined
)

// operand is where a value comes from.
type operand struct {
	from   origin
	term   *ast.Term // constant
	number int       // path, local or window
	field  int       // of a window
	base   *ast.Term // document below data
	refs   []operand // keys into base, or elements
}

type origin uint8

const (
	fromUnknown origin = iota
	fromConstant
	fromPath
	fromLocal
	fromWindow
	fromData
	fromArray
)

// machine runs programs over one event. One goroutine uses it.
type machine struct {
	event  *event
	window func(i int) (reading, bool)
	stack  []*ast.Term // locals of the bodies under way; nil: unknown
	terms  []*ast.Term // scratch for operands
	memo   []truth     // of programs, for the event under evaluation, plus 1; 0: not run
	result *ast.Term
	keep   func(*ast.Term) error // sets result; made once

	// Of the keyed program that ran last: the keys of the findings that it may
	// make, as far as they are known.
	keys       []*ast.Term
	keysHidden bool
}

func newMachine(e *event, memos int) *machine {
	m := &machine{event: e, memo: make([]truth, memos+1)}
	m.keep = func(t *ast.Term) error {
		m.result = t
		return nil
	}
	return m
}

// remembered is run for a helper: one that has no arguments and reads no
// window is run once an event.
func (m *machine) remembered(p *program, args []*ast.Term) truth {
	if p.memo == 0 {
		return m.run(p, args)
	}
	v := &m.memo[p.memo]
	if *v == 0 {
		*v = m.run(p, args) + 1
	}
	return *v - 1
}

// reset forgets what belongs to the event before.
func (m *machine) reset() { clear(m.memo) }

// run returns the truth of p called with args.
func (m *machine) run(p *program, args []*ast.Term) truth {
	v := no
	if p.opaque {
		v = maybe
	}
	if p.keyed {
		m.keys, m.keysHidden = m.keys[:0], p.opaque
	}
	for i := range p.bodies {
		if v = max(v, m.body(&p.bodies[i], args, p.keyed)); v == yes && !p.keyed {
			break
		}
	}
	return v
}

func (m *machine) body(b *body, args []*ast.Term, keyed bool) truth {
	base := len(m.stack)
	m.stack = append(m.stack, args...)
	for range b.locals - len(args) {
		m.stack = append(m.stack, nil)
	}
	v := yes
	for i := range b.conditions {
		c := &b.conditions[i]
		got := m.condition(c, base)
		if c.negated {
			got = got.not()
		}
		if v = min(v, got); v == no {
			break
		}
	}
	if keyed && v != no {
		key, known := m.value(&b.key, base)
		m.keys = append(m.keys, key)
		m.keysHidden = m.keysHidden || !known || key == nil
	}
	m.stack = m.stack[:base]
	return v
}

func (m *machine) condition(c *condition, base int) truth {
	if c.op == opOpaque {
		return maybe
	}
	start := len(m.terms)
	defer func() { m.terms = m.terms[:start] }()
	for i := range c.args {
		t, known := m.value(&c.args[i], base)
		switch {
		case !known:
			return maybe
		case t == nil:
			return no
		}
		m.terms = append(m.terms, t)
	}
	return m.apply(c, m.terms[start:], base)
}

func (m *machine) apply(c *condition, args []*ast.Term, base int) truth {
	switch c.op {
	case opTruthy:
		return decided(truthy(args[0]))
	case opBind:
		m.stack[base+c.out] = args[0]
		return yes
	case opRule:
		return m.remembered(c.rule, args)
	case opCall:
		return m.callBuiltin(c, args, base)
	case opEqual:
		return decided(args[0].Equal(args[1]))
	case opNotEqual:
		return decided(!args[0].Equal(args[1]))
	}
	order := args[0].Value.Compare(args[1].Value)
	switch c.op {
	case opLess:
		return decided(order < 0)
	case opLessEqual:
		return decided(order <= 0)
	case opGreater:
		return decided(order > 0)
	}
	return decided(order >= 0)
}

// callBuiltin runs OPA's own function. Its errors are OPA's to judge.
func (m *machine) callBuiltin(c *condition, args []*ast.Term, base int) truth {
	m.result = nil
	if err := c.call(topdown.BuiltinContext{}, args, m.keep); err != nil {
		return maybe
	}
	switch {
	case m.result == nil:
		return no
	case c.out < 0:
		return decided(truthy(m.result))
	}
	m.stack[base+c.out] = m.result
	return yes
}

func truthy(t *ast.Term) bool {
	b, ok := t.Value.(ast.Boolean)
	return !ok || bool(b)
}

// value returns the term of o, nil where it is undefined, and whether that is
// known at all.
func (m *machine) value(o *operand, base int) (t *ast.Term, known bool) {
	switch o.from {
	case fromConstant:
		return o.term, true
	case fromPath:
		return m.event.at(o.number), true
	case fromLocal:
		t = m.stack[base+o.number]
		return t, t != nil
	case fromWindow:
		r, ok := m.window(o.number)
		if !ok {
			return nil, true
		}
		return r.field(o.field), true
	case fromData:
		return m.lookup(o, base)
	case fromArray:
		return m.array(o, base)
	}
	return nil, false
}

func (m *machine) array(o *operand, base int) (*ast.Term, bool) {
	items := make([]*ast.Term, len(o.refs))
	for i := range o.refs {
		t, known := m.value(&o.refs[i], base)
		if !known || t == nil {
			return nil, known
		}
		items[i] = t
	}
	return ast.ArrayTerm(items...), true
}

func (m *machine) lookup(o *operand, base int) (*ast.Term, bool) {
	t := o.base
	for i := range o.refs {
		if t == nil {
			return nil, true
		}
		key, known := m.value(&o.refs[i], base)
		if !known || key == nil {
			return nil, known
		}
		// OPA reads base documents by paths of text: a number finds the key
		// of the same digits. Only text in objects is looked up here.
		o, isObject := t.Value.(ast.Object)
		if _, isText := key.Value.(ast.String); !isText || !isObject {
			return nil, false
		}
		t = o.Get(key)
	}
	return t, true
}
