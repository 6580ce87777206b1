package engine

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// DefaultAudit is of how many events one is audited.
const DefaultAudit = 1000

// auditedPolicies is how many policies are audited on one event: a thousand
// would cost as much as a hundred thousand events.
const auditedPolicies = 8

// MismatchError says that the native form of a policy decided otherwise than
// OPA.
type MismatchError struct {
	Rule   string // findings, or observe and the window
	Native bool   // what the native form said
}

// Error says what becomes of it.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: the native form says %t, OPA %t; in this partition OPA decides alone from this event on: please report the policy and the event", e.Rule, e.Native, !e.Native)
}

// audit asks OPA about policies that the event would be kept from. Of one event
// in so many it takes a few; which, depends on the event's id alone, so that a
// replay does the same. It comes before the event is evaluated, and compares
// what both say of the windows as they are then: a policy whose native form was
// wrong is asked of OPA from this very event on. That is part of the state.
// It changes no findings but those that were wrongly missing.
func (e *Engine) audit(ctx context.Context) {
	if e.audit1in == 0 || e.plain || len(e.runs) == 0 {
		return
	}
	h := tailHash(string(e.event.ID))
	if h%e.audit1in != 0 {
		return
	}
	first := int(h/e.audit1in) % len(e.runs)
	for i := range min(auditedPolicies, len(e.runs)) {
		e.auditRun(ctx, e.runs[(first+i)%len(e.runs)])
	}
}

// tailHash is FNV-1a of the last bytes of id, which is a hash itself.
func tailHash(id string) uint32 {
	h := uint32(2166136261)
	for i := max(0, len(id)-6); i < len(id); i++ {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}

func (e *Engine) auditRun(ctx context.Context, r *run) {
	clear(r.readings)
	e.machine.window = r.read
	for i := range r.observe {
		e.auditRule(ctx, r, i)
	}
	e.auditRule(ctx, r, findingsAt)
	clear(r.readings) // the event has not been observed yet
}

// auditRule asks OPA for rule i of r if its native form decides it: a no of any
// rule, a yes of one that observes.
func (e *Engine) auditRule(ctx context.Context, r *run, i int) {
	if r.health.disabled || r.health.unfiltered {
		return
	}
	said := e.native(r, i)
	if said == maybe || said == yes && i == findingsAt {
		return
	}
	r.counts.Audited.Add(1)
	input := ast.Value(e.event.input())
	if i == findingsAt {
		input = r.input(e.event)
	}
	t, err := e.ask(ctx, r, i, input, "audit of ")
	if err != nil { // OPA would have been silent too
		e.fail(r, err)
		return
	}
	if holds(t) != (said == yes) {
		r.counts.Mismatches.Add(1)
		r.health.unfiltered = true
		e.recount()
		e.fail(r, &MismatchError{r.ruleName(i), said == yes})
	}
}

// recount brings doubted up to date.
func (e *Engine) recount() {
	e.doubted = 0
	for _, r := range e.runs {
		if r.health.unfiltered {
			e.doubted++
		}
	}
}

// holds reports whether the answer t of OPA says anything.
func holds(t *ast.Term) bool {
	if t == nil {
		return false
	}
	if s, ok := t.Value.(ast.Set); ok {
		return s.Len() > 0
	}
	return truthy(t)
}
