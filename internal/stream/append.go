package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// lease returns nil while this process certainly holds the partition.
func (a *assignment) lease() error { return a.claim.Lease() }

// publish appends recs as long as this process holds the partition, which is
// looked at before every request: one that was stopped for longer than its
// session appends nothing that its successor has appended.
func (a *assignment) publish(ctx context.Context, topic string, recs []wkafka.Record) ([]wkafka.Appended, error) {
	return a.r.pub.AppendIf(ctx, topic, recs, a.lease)
}

// append makes outs durable, the rejected records last: what cannot be appended
// elsewhere becomes one of them.
func (a *assignment) append(ctx context.Context, outs *outputs) error {
	for _, topic := range outs.topics {
		if topic == a.r.cfg.Rejected {
			continue
		}
		if err := a.appendTopic(ctx, topic, outs, a.refuseOutput); err != nil {
			return err
		}
	}
	return a.appendTopic(ctx, a.r.cfg.Rejected, outs, a.cutRejected)
}

// tooLarge decides what becomes of an output that its topic does not take. err
// says so.
type tooLarge func(ctx context.Context, outs *outputs, topic string, o output, err error) error

// appendTopic makes the outputs to topic durable. When it is not known whether
// records were appended, the log is asked; one that is too large goes to large,
// and the others are appended.
func (a *assignment) appendTopic(ctx context.Context, topic string, outs *outputs, large tooLarge) error {
	if len(outs.byTopic[topic]) == 0 {
		return nil
	}
	if err := a.announce(ctx, topic); err != nil {
		return err
	}
	for len(outs.byTopic[topic]) > 0 {
		done, err := a.publish(ctx, topic, outs.records(topic))
		sent := outs.byTopic[topic]
		n := outs.keepUnsent(topic, done)
		a.r.cfg.Metrics.appended(a.r.cfg.Group, topic, n)
		if err == nil {
			return nil
		}
		if err := a.mend(ctx, topic, outs, sent, err, large); err != nil {
			return err
		}
	}
	return nil
}

// mend does what failed, the error of appending sent to topic, calls for. It
// returns nil when what is left of outs is to be appended again.
func (a *assignment) mend(ctx context.Context, topic string, outs *outputs, sent []output, failed error, large tooLarge) error {
	if err := a.lease(); err != nil {
		return errors.Join(err, failed)
	}
	var one *wkafka.RecordTooLargeError
	switch {
	case ctx.Err() != nil:
		return failed
	case errors.Is(failed, wkafka.ErrUnknownOutcome), errors.Is(failed, wkafka.ErrFenced):
		// Fenced is somebody else's here, whose records went out with these.
		a.log().Warn("reading back what was appended", "output", topic, "err", failed)
		if err := a.rescan(ctx); err != nil {
			return err
		}
		outs.drop(topic, a.seen)
		return nil
	case errors.As(failed, &one) && one.Topic == topic && one.Index < len(sent):
		o := sent[one.Index]
		outs.remove(topic, o)
		return large(ctx, outs, topic, o, failed)
	}
	return failed
}

// reasonOutput is why a record is rejected whose output no broker takes.
const reasonOutput = "output.too_large"

// refuseOutput rejects the input of o.
func (a *assignment) refuseOutput(_ context.Context, outs *outputs, topic string, o output, err error) error {
	why := &RejectError{Reason: reasonOutput, Err: fmt.Errorf(
		"an output to %s of %d bytes: %w; raise max.message.bytes of the topic and feed the record again", topic, len(o.record.Value), err)}
	if a.r.cfg.Rejected == "" {
		return fmt.Errorf("record %s: %w", o.in.Position, why)
	}
	if outs.refused(o.in.Position.Offset, a.r.cfg.Rejected) {
		return nil // for another output of the same record
	}
	a.log().Error("an output is too large for its topic; the record is rejected", "record", o.in.Position.String(), "output", topic, "err", err)
	made, err := a.reject(o.in, why)
	if err != nil {
		return err
	}
	return a.collect(o.in, made, outs)
}

// cuts are how many bytes of a record are kept that does not fit into the
// rejected topic, as base64 inside JSON with the reason, whole.
func cuts() []int { return []int{64 << 10, 4 << 10, 0} }

// cutRejected appends the rejected record o with as much of the refused bytes
// as the topic takes. The whole stands in the input topic for as long as that
// keeps it; its size and hash are kept for good.
func (a *assignment) cutRejected(ctx context.Context, _ *outputs, topic string, o output, err error) error {
	whole, decodeErr := cordon.RejectedOf(o.record)
	if decodeErr != nil {
		return decodeErr
	}
	for _, n := range cuts() {
		rec, encodeErr := whole.Cut(n).Record()
		if encodeErr != nil {
			return encodeErr
		}
		one := &outputs{}
		rec.Time = o.record.Time
		one.add(Output{Topic: topic, Record: rec}, o.in, o.in.Position.String(), o.id)
		if _, err = a.publish(ctx, topic, one.records(topic)); err == nil {
			a.log().Warn("a rejected record is too large to be kept whole; it stands in the input topic", "record", o.in.Position.String(), "kept", n)
			a.r.cfg.Metrics.appended(a.r.cfg.Group, topic, 1)
			return nil
		}
		if one := (*wkafka.RecordTooLargeError)(nil); !errors.As(err, &one) {
			return err
		}
	}
	return fmt.Errorf("record %s: not even its position fits into %s: %w", o.in.Position, topic, err)
}

// announce commits where the outputs to topic will begin, before the first one,
// so that a crash before the next commit leaves no output unfound.
func (a *assignment) announce(ctx context.Context, topic string) error {
	if _, ok := a.marks[topic]; ok {
		return nil
	}
	ends, err := wkafka.EndOffsets(ctx, a.r.cfg.Kafka, topic)
	if err != nil {
		return err
	}
	a.r.horizon.note(topic, ends)
	a.marks[topic] = slices.Clone(ends)
	if err := a.claim.Commit(ctx, a.next, a.metadata()); err != nil {
		delete(a.marks, topic)
		return err
	}
	return nil
}
