package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// oracle asks OPA.
type oracle struct {
	budget   time.Duration
	slack    int // budgets that an evaluation may take; 0: one
	watchdog func(time.Duration, func()) (stop func())
}

// ask returns the document that the query of r is about, nil if it is
// undefined. A rule that takes longer than the budget is stopped: the one
// place where the speed of the machine can change a result, there so that a
// rule which never ends does not hold up its partition for ever. See Overruns.
func (o *oracle) ask(ctx context.Context, r rule, ev *event, input ast.Value, n *PolicyCounts) (t *ast.Term, err error) {
	cancel := topdown.NewCancel()
	stop := o.watch(cancel.Cancel)
	defer stop()
	defer func() {
		if p := recover(); p != nil { // a bug in a builtin is this policy's bad luck alone
			t, err = nil, fmt.Errorf("panic: %v", p)
			n.Errors.Add(1)
		}
	}()
	var builtin []topdown.Error
	rs, err := r.query.Eval(ctx,
		rego.EvalParsedInput(input),
		rego.EvalTime(ev.Time),
		rego.EvalMetrics(metrics.NoOp()),
		rego.EvalExternalCancel(cancel),
		rego.EvalBuiltinErrorList(&builtin),
		// OPA's index of rules loses matches: 1.22.2 does not find
		// data.x[input.k] by a number where its evaluation does. And without
		// it, a rule that is left early hides that it conflicts.
		rego.EvalRuleIndexing(false),
		rego.EvalEarlyExit(false),
		rego.EvalGenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
	)
	n.Builtins.Add(int64(len(builtin)))
	switch {
	case topdown.IsCancel(err):
		n.Timeouts.Add(1)
		return nil, fmt.Errorf("stopped after %s: make the rule cheaper: %w", o.budget, err)
	case err != nil:
		n.Errors.Add(1)
		return nil, err
	case len(rs) == 0:
		return nil, nil
	}
	t, ok := rs[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, errors.New("OPA returned no term")
	}
	return t, nil
}

// afterFunc is the watchdog of production.
func afterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
