package respond

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
)

// countingEnforcer counts what reaches it.
type countingEnforcer struct{ calls int }

func (*countingEnforcer) Name() string { return "counting" }

func (e *countingEnforcer) Apply(context.Context, cordon.Action) error   { e.calls++; return nil }
func (e *countingEnforcer) Release(context.Context, cordon.Action) error { e.calls++; return nil }

// What does not hold its partition any more delivers nothing, and knows that it
// did not.
func TestHeldEnforcer(t *testing.T) {
	over := errors.New("the session is over")
	var lease error
	e := &countingEnforcer{}
	c := newCrew(e, 1, time.Now, nil, nil).heldBy(func() error { return lease })
	a := stepsOf("f", "cam-1").intended
	for name, do := range map[string]attemptFunc{"apply": c.enforcer.Apply, "release": c.enforcer.Release} {
		e.calls, lease = 0, nil
		if err := do(t.Context(), a); err != nil || e.calls != 1 {
			t.Errorf("%s while the partition is held = %v, %d calls; want one", name, err, e.calls)
		}
		lease = over
		err := do(t.Context(), a)
		if f := failureOf(err); !errors.Is(err, over) || !f.Untouched || f.Permanent || e.calls != 1 {
			t.Errorf("%s after that = %v, %d calls; want the error of the lease, untouched, and no further call", name, err, e.calls)
		}
	}
	if c.enforcer.Name() != "counting" {
		t.Errorf("its name = %s; want that of the enforcer", c.enforcer.Name())
	}
}
