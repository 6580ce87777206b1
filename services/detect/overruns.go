package detect

import (
	"context"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// overruns are the evaluations of one partition that were stopped, in the
// journal of its owner. One goroutine uses them.
type overruns struct {
	known map[overrunKey]struct{}
	write func(context.Context, cordon.Change) error
}

var _ engine.Overruns = (*overruns)(nil)

// overrunKey says which evaluation it was. The topic and the partition of the
// event are those of the journal.
type overrunKey struct {
	offset       int64
	digest, rule string
}

// newOverruns returns those that the log has; write makes more durable.
func newOverruns(known []cordon.Overrun, write func(context.Context, cordon.Change) error) *overruns {
	s := &overruns{known: map[overrunKey]struct{}{}, write: write}
	for _, o := range known {
		s.known[overrunKey{o.CauseAt.Offset, o.Policy.Digest, o.Rule}] = struct{}{}
	}
	return s
}

// Known implements engine.Overruns.
func (s *overruns) Known(at cordon.Position, digest, rule string) bool {
	if len(s.known) == 0 {
		return false
	}
	_, ok := s.known[overrunKey{at.Offset, digest, rule}]
	return ok
}

// Add implements engine.Overruns.
func (s *overruns) Add(ctx context.Context, o cordon.Overrun) error {
	return s.write(ctx, cordon.Change{Kind: cordon.OverrunChange, Offset: o.CauseAt.Offset, Overrun: &o})
}
