package respond

import (
	"context"

	"github.com/cordon-iot/cordon"
)

// heldEnforcer is an Enforcer for the actions of one partition that acts as
// long as this process holds it. A process that was stopped and wakes up after
// its session does not deliver what its successor delivers; the window that is
// left is one attempt long.
type heldEnforcer struct {
	Enforcer
	lease func() error
}

// Apply implements Enforcer.
func (e heldEnforcer) Apply(ctx context.Context, a cordon.Action) error {
	if err := e.lease(); err != nil {
		return &Failure{Err: err, Untouched: true}
	}
	return e.Enforcer.Apply(ctx, a)
}

// Release implements Enforcer.
func (e heldEnforcer) Release(ctx context.Context, a cordon.Action) error {
	if err := e.lease(); err != nil {
		return &Failure{Err: err, Untouched: true}
	}
	return e.Enforcer.Release(ctx, a)
}

// heldBy returns c for a partition that is held for as long as lease says so.
func (c crew) heldBy(lease func() error) crew {
	c.enforcer = heldEnforcer{c.enforcer, lease}
	return c
}
