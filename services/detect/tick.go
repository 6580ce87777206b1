package detect

import (
	"context"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
)

// tick returns what follows from the tick in: findings about what is silent.
func (s *step) tick(ctx context.Context, in cordon.Record, again bool) ([]cordon.Finding, error) {
	t, err := cordon.TickOf(in)
	if err != nil {
		return nil, &stream.RejectError{Reason: reasonEnvelope, Err: err}
	}
	s.engine.Repeat(again)
	return s.engine.Tick(ctx, t.At, t.Position)
}
