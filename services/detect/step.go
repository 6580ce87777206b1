package detect

import (
	"bufio"
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

// step evaluates the events of one partition, each by the policies that hold
// for it.
type step struct {
	course   *course
	options  engine.Options
	findings string   // topic
	swapped  func()   // counts; may be nil
	set      *ruleset // that engine runs; nil before the first event
	engine   *engine.Engine
	at       int64 // offset of the last event
}

var _ stream.Snapshotter = (*step)(nil)

// newStep returns a step without memory.
func newStep(c *course, o engine.Options, findings string) *step {
	return &step{course: c, options: o, findings: findings, engine: engine.New(c.latest().pack, o), at: -1}
}

// Apply returns the findings that follow from the event in.
func (s *step) Apply(ctx context.Context, in cordon.Record) ([]stream.Output, error) {
	if err := s.keepUp(in.Position.Offset); err != nil {
		return nil, err
	}
	next, err := s.course.decide(ctx, in, s.set)
	if err != nil {
		return nil, err
	}
	s.swap(next)
	found, err := s.evaluate(ctx, in, s.course.evaluated(in.Position.Offset))
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
	if err := s.keepUp(in.Position.Offset); err != nil {
		return err
	}
	_, err := s.evaluate(ctx, in, true)
	return err
}

// keepUp swaps to the set that the log says holds for the event at offset.
func (s *step) keepUp(offset int64) error {
	s.at = offset
	if s.set == nil {
		first, err := s.course.begin(offset)
		if err != nil {
			return err
		}
		s.set, s.engine = first, engine.New(first.pack, s.options)
	}
	for {
		next, err := s.course.due(offset)
		if err != nil || next == nil {
			return err
		}
		s.swap(next)
	}
}

// swap goes on with the set next, which inherits what stayed the same; nil
// changes nothing.
func (s *step) swap(next *ruleset) {
	if next == nil {
		return
	}
	if next.digest != s.set.digest {
		e := engine.New(next.pack, s.options)
		e.Inherit(s.engine)
		s.engine = e
		if s.swapped != nil {
			s.swapped()
		}
	}
	s.set = next
}

// Digest implements stream.Snapshotter. Which policies hold where is the log's
// to say, so that a state of another set is as good.
func (s *step) Digest() string { return "course 1 " + s.engine.Form() }

// Snapshot implements stream.Snapshotter.
func (s *step) Snapshot(w io.Writer) error {
	digest := ""
	if s.set != nil {
		digest = s.set.digest
	}
	if _, err := fmt.Fprintf(w, "%d %d %s\n", s.course.next, s.at, digest); err != nil {
		return err
	}
	return s.engine.Snapshot(w)
}

// Restore implements stream.Snapshotter.
func (s *step) Restore(r io.Reader) error {
	from := bufio.NewReader(r)
	line, err := from.ReadString('\n')
	if err != nil {
		return fmt.Errorf("state: which policies it is of: %w", err)
	}
	var changes int
	var offset int64
	var digest string
	if _, err := fmt.Sscanf(line, "%d %d %s", &changes, &offset, &digest); err != nil {
		return fmt.Errorf("state: which policies it is of: %q: %w", line, err)
	}
	set, err := s.course.resume(changes, offset, digest)
	if err != nil {
		return err
	}
	e := engine.New(set.pack, s.options)
	if err := e.Restore(from); err != nil {
		s.course.next = 0
		return err
	}
	s.set, s.engine, s.at = set, e, offset
	return nil
}

// Close implements io.Closer.
func (s *step) Close() error { return s.engine.Close() }

// evaluate is given what was evaluated before, again, or what was not.
func (s *step) evaluate(ctx context.Context, in cordon.Record, again bool) ([]cordon.Finding, error) {
	if cordon.IsTick(in) {
		return s.tick(ctx, in, again)
	}
	ev, err := cordon.EventOf(in)
	if err != nil {
		return nil, &stream.RejectError{Reason: reasonEnvelope, Err: err}
	}
	s.engine.Repeat(again)
	found, err := s.engine.EvaluateAgain(ctx, ev, in.Header(stream.HeaderRetryID))
	var order *engine.OrderError
	var lost *engine.LogError
	if err != nil && ctx.Err() == nil && !errors.As(err, &order) && !errors.As(err, &lost) {
		return nil, &stream.RejectError{Reason: reasonBody, Err: err}
	}
	return found, err
}
