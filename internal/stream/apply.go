package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/cordon-iot/cordon"
)

// applyAll adds to outs what follows from recs and is not in the log.
func (a *assignment) applyAll(ctx context.Context, recs []cordon.Record, outs *outputs) error {
	defer a.inHand.offset.Store(noRecord)
	for i := range recs {
		if err := a.apply(ctx, &recs[i], outs); err != nil {
			return err
		}
	}
	return nil
}

// apply adds to outs what follows from in and is not in the log.
func (a *assignment) apply(ctx context.Context, in *cordon.Record, outs *outputs) error {
	made, err := a.guard(in, func() ([]Output, error) { return a.step.Apply(ctx, *in) })
	var rejected *RejectError
	if errors.As(err, &rejected) && a.r.cfg.Rejected != "" {
		made, err = a.reject(in, rejected)
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", in.Position, err)
	}
	return a.collect(in, made, outs)
}

// collect adds to outs what of made is not in the log.
func (a *assignment) collect(in *cordon.Record, made []Output, outs *outputs) error {
	if len(made) == 0 {
		return nil
	}
	at := in.Position.String()
	for _, o := range made {
		id := o.Record.Header(cordon.HeaderID)
		if id == "" {
			return fmt.Errorf("record %s: output to %s has no %s header", in.Position, o.Topic, cordon.HeaderID)
		}
		if len(a.seen) > 0 && a.seen.take(o.Topic, in.Position.Offset, id) {
			a.r.cfg.Metrics.skip(a.r.cfg.Group, o.Topic)
			continue
		}
		outs.add(o, in, at, id)
	}
	return nil
}

// reject makes the record for the rejected topic. Its time is when it was
// refused, so that `dlq list --since` finds it; id and body follow from in.
func (a *assignment) reject(in *cordon.Record, why *RejectError) ([]Output, error) {
	detail := ""
	if why.Err != nil {
		detail = why.Err.Error()
	}
	rec, err := cordon.NewRejected(*in, a.r.cfg.Service, why.Reason, detail, why.Mapper).Record()
	if err != nil {
		return nil, err
	}
	rec.Time = a.r.now()
	a.r.cfg.Metrics.reject(a.r.cfg.Group, why.Reason)
	return []Output{{Topic: a.r.cfg.Rejected, Record: rec}}, nil
}

// guard calls f and turns a panic into the rejection of in.
func (a *assignment) guard(in *cordon.Record, f func() ([]Output, error)) (out []Output, err error) {
	a.inHand.offset.Store(in.Position.Offset)
	defer func() {
		if p := recover(); p != nil {
			a.r.cfg.Log.Error("step panicked; the record is rejected", "record", in.Position.String(), "panic", p, "stack", string(debug.Stack()))
			out, err = nil, &RejectError{Reason: "panic", Err: fmt.Errorf("%v", p)}
		}
	}()
	return f()
}
