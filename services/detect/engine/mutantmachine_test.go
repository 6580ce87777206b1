package engine

import (
	"errors"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// machineMutants are faults of what makes and runs programs.
func machineMutants() []mutant {
	return []mutant{
		{"a condition that is not known is false", eachCondition(func(c *condition) {
			if c.op == opOpaque {
				*c = condition{op: opTruthy, args: []operand{constant(ast.InternedTerm(false))}, out: -1}
			}
		})},
		{"an error of a builtin is true", eachCall(func(args []*ast.Term, call callFunc, keep func(*ast.Term) error) error {
			if call(args) != nil {
				return keep(ast.InternedTerm(true))
			}
			return nil
		})},
		{"texts are compared without case", eachCall(func(args []*ast.Term, call callFunc, _ func(*ast.Term) error) error {
			return call(lowered(args))
		})},
		{"values of different types have no order", eachComparison(func(op operation, x, y *ast.Term) bool {
			return ast.ValueName(x.Value) == ast.ValueName(y.Value) && compares(op, x, y)
		})},
		{"long numbers are compared as doubles", eachComparison(func(op operation, x, y *ast.Term) bool {
			return compares(op, rounded(x), rounded(y))
		})},
		{"1.0 is not 1", eachComparison(func(op operation, x, y *ast.Term) bool {
			if op == opEqual {
				return x.String() == y.String()
			}
			return compares(op, x, y)
		})},
		{"a bound is left out of its range", eachComparison(func(op operation, x, y *ast.Term) bool {
			return compares(op, x, y) && (op != opLessEqual && op != opGreaterEqual || !x.Equal(y))
		})},
		{"a set forgets an element", eachCondition(func(c *condition) {
			for i, a := range c.args {
				if s, ok := setIn(a); ok && s.Len() > 1 {
					c.args[i].term = ast.SetTerm(s.Slice()[1:]...)
				}
			}
		})},
		{"a helper forgets its last body", eachProgram(func(_ *Engine, p *program) {
			if !p.keyed && len(p.bodies) > 1 {
				p.bodies = p.bodies[:len(p.bodies)-1]
			}
		})},
		{"a rule that is not understood counts for nothing", eachProgram(func(_ *Engine, p *program) { p.opaque = false })},
		{"two helpers share a memory", eachProgram(func(_ *Engine, p *program) { p.memo = min(p.memo, 1) })},
		{"the memory of helpers outlives an event", eachProgram(remembering)},
		{"the key of a finding is taken for a constant", eachProgram(func(_ *Engine, p *program) {
			for i := range p.bodies {
				p.bodies[i].key = constant(ast.InternedEmptyString)
			}
		})},
		{"a window is read before it counts the event", func(e *Engine) {
			for _, r := range e.runs {
				read := r.read
				r.read = func(i int) (reading, bool) {
					v, ok := read(i)
					v[0] = max(0, v[0]-1)
					return v, ok
				}
			}
		}},
	}
}

func constant(t *ast.Term) operand { return operand{from: fromConstant, term: t} }

func setIn(o operand) (ast.Set, bool) {
	if o.from != fromConstant {
		return nil, false
	}
	s, ok := o.term.Value.(ast.Set)
	return s, ok
}

// eachProgram applies f once to every program of an engine, helpers included.
func eachProgram(f func(*Engine, *program)) func(*Engine) {
	return func(e *Engine) {
		seen := map[*program]bool{}
		var visit func(*program)
		visit = func(p *program) {
			if p == nil || seen[p] {
				return
			}
			seen[p] = true
			for i := range p.bodies {
				for j := range p.bodies[i].conditions {
					visit(p.bodies[i].conditions[j].rule)
				}
			}
			f(e, p)
		}
		for _, r := range e.runs {
			for _, o := range r.observe {
				visit(o.native)
			}
			visit(r.findings.native)
		}
	}
}

func eachCondition(f func(*condition)) func(*Engine) {
	return eachProgram(func(_ *Engine, p *program) {
		for i := range p.bodies {
			for j := range p.bodies[i].conditions {
				f(&p.bodies[i].conditions[j])
			}
		}
	})
}

// callFunc is a builtin that keeps its result by itself.
type callFunc func(args []*ast.Term) error

// eachCall puts f around every builtin.
func eachCall(f func(args []*ast.Term, call callFunc, keep func(*ast.Term) error) error) func(*Engine) {
	return eachCondition(func(c *condition) {
		if c.op != opCall {
			return
		}
		right := c.call
		c.call = func(bc topdown.BuiltinContext, args []*ast.Term, keep func(*ast.Term) error) error {
			return f(args, func(args []*ast.Term) error { return right(bc, args, keep) }, keep)
		}
	})
}

// eachComparison has f decide every comparison.
func eachComparison(f func(op operation, x, y *ast.Term) bool) func(*Engine) {
	return eachCondition(func(c *condition) {
		op := c.op
		if op < opEqual || op > opGreaterEqual {
			return
		}
		c.op, c.out = opCall, -1
		c.call = func(_ topdown.BuiltinContext, args []*ast.Term, keep func(*ast.Term) error) error {
			return keep(ast.InternedTerm(f(op, args[0], args[1])))
		}
	})
}

// compares is the right comparison.
func compares(op operation, x, y *ast.Term) bool {
	order := x.Value.Compare(y.Value)
	switch op {
	case opEqual:
		return order == 0
	case opNotEqual:
		return order != 0
	case opLess:
		return order < 0
	case opLessEqual:
		return order <= 0
	case opGreater:
		return order > 0
	}
	return order >= 0
}

// rounded is the double nearest to a number.
func rounded(t *ast.Term) *ast.Term {
	n, ok := t.Value.(ast.Number)
	if !ok {
		return t
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return t
	}
	return ast.FloatNumberTerm(f)
}

func lowered(args []*ast.Term) []*ast.Term {
	out := make([]*ast.Term, len(args))
	for i, t := range args {
		out[i] = t
		if s, ok := t.Value.(ast.String); ok {
			out[i] = ast.StringTerm(strings.ToLower(string(s)))
		}
	}
	return out
}

// remembering makes p, if its truth is kept for an event, keep it for ever.
func remembering(e *Engine, p *program) {
	if p.memo == 0 {
		return
	}
	right, known, v := *p, false, no
	right.memo = 0
	p.memo = 0
	p.opaque = false
	p.bodies = []body{{conditions: []condition{{op: opCall, out: -1, call: func(_ topdown.BuiltinContext, _ []*ast.Term, keep func(*ast.Term) error) error {
		if !known {
			known, v = true, e.machine.run(&right, nil)
		}
		e.machine.result = nil
		switch v {
		case maybe:
			return errors.New("not known")
		case yes:
			return keep(ast.InternedTerm(true))
		}
		return nil
	}}}}}
}
