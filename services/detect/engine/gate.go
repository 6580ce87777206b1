package engine

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine/scan"
)

// gate lets the rules pass that an event may match. It is the part of an
// index's work that changes with every event.
type gate struct {
	alive, scratch bitset
	unsure         bool // a scalar is not exactly known: what is left may match, and no more
	few            bool // not all columns were asked: the clauses that are left are to be looked at one by one
	mostFew        int  // how many are few; negative: no number is
}

// fewClauses is how many clauses are sooner looked at one by one than by the
// columns that are left.
const fewClauses = 8

// narrow leaves in e.gate.alive the clauses of g that the event may match, as
// far as columns say.
func (e *Engine) narrow(g *group) {
	t := &e.gate
	t.alive = append(t.alive[:0], g.all...)
	t.scratch = slices.Grow(t.scratch[:0], len(g.all))[:len(g.all)]
	t.unsure, t.few = false, t.isFew(g)
	for i := 0; i < len(g.columns) && !t.few; i++ {
		c := &g.columns[i]
		if !t.alive.meets(c.has) {
			continue
		}
		v := e.event.value(c.from)
		t.unsure = t.unsure || v.unsure || v.kind >= scan.Object
		left := c.keep.keep(v, t.scratch)
		if left == nil {
			t.unsure = true
			continue
		}
		t.alive.and(left)
		t.few = t.isFew(g)
	}
}

// isFew reports whether what is left of g is cheaply looked at one by one.
func (t *gate) isFew(g *group) bool {
	n := 0
	for i, w := range t.alive {
		if n += bits.OnesCount64(w); n > t.mostFew || w&g.dear[i] != 0 {
			return false
		}
	}
	return true
}

// pass runs the rules of g that are left, in the order of their policies.
func (e *Engine) pass(ctx context.Context, g *group, found []cordon.Finding) []cordon.Finding {
	e.narrow(g)
	now := passing{rule: -1}
	for w, word := range e.gate.alive {
		for ; word != 0; word &= word - 1 {
			m := &g.members[w*64+bits.TrailingZeros64(word)]
			if h := &e.runs[m.rule].health; h.disabled || h.unfiltered {
				continue // not asked, or by unfiltered
			}
			if m.rule != now.rule || m.at != now.at {
				found = e.settle(ctx, now, found)
				now = passing{rule: m.rule, at: m.at}
			}
			if now.truth < yes {
				now.truth = max(now.truth, e.late(m))
			}
		}
	}
	return e.settle(ctx, now, found)
}

// passing is a rule of which clauses are left.
type passing struct {
	rule, at int
	truth    truth
}

// late decides the atoms of m that columns have not.
func (e *Engine) late(m *groupClause) truth {
	t := yes
	if !m.exact || e.gate.unsure {
		t = maybe
	}
	if e.gate.few {
		t = e.all(m, m.early, t)
	}
	return e.all(m, m.late, t)
}

// all is t and whether all of atoms hold.
func (e *Engine) all(m *groupClause, atoms []*atom, t truth) truth {
	for _, a := range atoms {
		if t == no {
			break
		}
		t = min(t, a.of(e.operand(m, a)))
	}
	return t
}

// operand is the value that a is about.
func (e *Engine) operand(m *groupClause, a *atom) value {
	if a.test != isReading {
		return e.event.value(a.from)
	}
	r := e.touch(m.rule)
	reading, ok := r.read(a.window)
	if f := reading[a.field]; ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return value{kind: scan.Number, number: f}
	}
	return value{}
}

// touch returns the run of a policy, ready for the event under evaluation.
func (e *Engine) touch(rule int) *run {
	r := e.runs[rule]
	if r.event != e.events {
		r.event = e.events
		clear(r.readings)
	}
	return r
}

// settle does what follows from p.
func (e *Engine) settle(ctx context.Context, p passing, found []cordon.Finding) []cordon.Finding {
	if p.rule < 0 || p.truth == no {
		return found
	}
	r := e.touch(p.rule)
	e.machine.window = r.read
	if p.at < 0 {
		return e.find(ctx, r, found)
	}
	if p.truth == yes || e.observes(ctx, r, p.at) {
		r.windows[p.at].observe(e.event)
	}
	return found
}
