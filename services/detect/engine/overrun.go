package engine

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/cordon-iot/cordon"
)

// Overruns is the log of evaluations that were stopped because they took too
// long. How long one takes is no function of the events; with it, what follows
// from an overrun is one of the log. The goroutine of the engine calls it.
type Overruns interface {
	// Known reports whether the log has that rule of the policy with digest was
	// stopped on the event at.
	Known(at cordon.Position, digest, rule string) bool

	// Add appends o and returns when it is durable, so that nothing which
	// follows from it can be in the log without it. After an error it is not
	// known whether the log has o: the engine evaluates nothing any more.
	Add(ctx context.Context, o cordon.Overrun) error
}

// OverrunError says that a policy was stopped on an event, or disabled for it.
type OverrunError struct {
	cordon.Overrun
	Again bool // it was stopped when the event was evaluated before
}

// Error says what to do about it.
func (e *OverrunError) Error() string {
	s := fmt.Sprintf("%s was stopped after %s: make it cheaper", e.Rule, e.Budget)
	if e.Disables {
		s += fmt.Sprintf("; it is disabled in this partition, because that happened %d times within %s, until it is changed", mostOverruns, overrunWithin)
	}
	return s
}

// Unwrap lets topdown.IsCancel tell that it was the watchdog.
func (e *OverrunError) Unwrap() error { return &topdown.Error{Code: topdown.CancelErr} }

// LogError says that an overrun could not be written to the log. The state of
// the engine is ahead of the log: begin with a new one.
type LogError struct{ Err error }

// Error gives the cause.
func (e *LogError) Error() string { return "overrun: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *LogError) Unwrap() error { return e.Err }

// Repeat tells e whether the events to come have been evaluated before, with
// results that are in the log: they are evaluated to the same end, and only
// what is known to have been stopped is stopped, unless it takes far longer.
func (e *Engine) Repeat(again bool) {
	e.oracle.slack = 1
	if again {
		e.oracle.slack = repeatSlack
	}
}

// findingsAt stands for the findings rule where a number is that of an observe
// rule.
const findingsAt = -1

// ruleAt returns the i-th observe rule of r, or its findings rule.
func (r *run) ruleAt(i int) rule {
	if i == findingsAt {
		return r.findings
	}
	return r.observe[i]
}

func (r *run) ruleName(i int) string {
	if i == findingsAt {
		return findingsRule
	}
	return observeRule + " " + r.windows[i].Name
}

// ask asks OPA for rule i of r within the budget of the policy. A stopped
// evaluation is an *OverrunError. What tells several evaluations of one rule on
// one event apart.
func (e *Engine) ask(ctx context.Context, r *run, i int, input ast.Value, what string) (*ast.Term, error) {
	if e.overruns != nil && e.overruns.Known(e.event.Position, r.Digest, what+r.ruleName(i)) {
		r.counts.Timeouts.Add(1)
		return nil, &OverrunError{Overrun: e.overrun(r, what+r.ruleName(i)), Again: true}
	}
	ctx = context.WithoutCancel(ctx) // an event is evaluated whole or not at all
	defer e.costs(r)()
	t, err := e.oracle.ask(ctx, r.ruleAt(i), e.event, input, r.counts)
	if !topdown.IsCancel(err) {
		return t, err
	}
	o := e.overrun(r, what+r.ruleName(i))
	if e.overruns != nil && e.broken == nil {
		if err := e.overruns.Add(ctx, o); err != nil {
			e.broken = &LogError{err}
		}
	}
	return nil, &OverrunError{Overrun: o}
}

// overrun notes that rule of r was stopped on the event, and what follows.
func (e *Engine) overrun(r *run, rule string) cordon.Overrun {
	o := cordon.Overrun{
		Policy: r.Ref(), Rule: rule, Device: e.event.Device,
		Cause: e.event.ID, CauseAt: e.event.Position, Time: e.event.Time, Budget: e.oracle.budget,
	}
	if o.Disables = r.health.overran(e.event.Time.UnixMilli()); o.Disables {
		r.counts.Disabled.Add(1)
	}
	return o
}
