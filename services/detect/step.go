package detect

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Reasons for which events are refused. Ingest writes none of these.
const (
	reasonEnvelope = "event.envelope" // a header is missing or unreadable
	reasonBody     = "event.body"     // the value is no JSON object
)

// step evaluates the events of one partition.
type step struct {
	engine   *engine.Engine
	findings string // topic
}

var _ stream.Snapshotter = (*step)(nil)

// Apply returns the findings that follow from the event in.
func (s *step) Apply(ctx context.Context, in cordon.Record) ([]stream.Output, error) {
	found, err := s.evaluate(ctx, in)
	if err != nil {
		return nil, err
	}
	outs := make([]stream.Output, 0, len(found))
	for _, f := range found {
		rec, err := f.Record()
		if err != nil {
			return nil, fmt.Errorf("policy %s on event %s: %w", f.Policy.ID, f.Cause, err)
		}
		outs = append(outs, stream.Output{Topic: s.findings, Record: rec})
	}
	return outs, nil
}

// Fold remembers the event in.
func (s *step) Fold(ctx context.Context, in cordon.Record) error {
	_, err := s.evaluate(ctx, in)
	return err
}

// Digest implements stream.Snapshotter: another set of policies begins anew.
func (s *step) Digest() string { return s.engine.Digest() }

// Snapshot implements stream.Snapshotter.
func (s *step) Snapshot(w io.Writer) error { return s.engine.Snapshot(w) }

// Restore implements stream.Snapshotter.
func (s *step) Restore(r io.Reader) error { return s.engine.Restore(r) }

func (s *step) evaluate(ctx context.Context, in cordon.Record) ([]cordon.Finding, error) {
	ev, err := cordon.EventOf(in)
	if err != nil {
		return nil, &stream.RejectError{Reason: reasonEnvelope, Err: err}
	}
	found, err := s.engine.EvaluateAgain(ctx, ev, in.Header(stream.HeaderRetryID))
	var order *engine.OrderError
	if err != nil && ctx.Err() == nil && !errors.As(err, &order) {
		return nil, &stream.RejectError{Reason: reasonBody, Err: err}
	}
	return found, err
}
