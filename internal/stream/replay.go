package stream

import (
	"context"
	"fmt"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Replay calls f for every record of a partition from offset from up to the
// end it has now, or up to before until if that is not negative. It returns the
// next offset. From 0 or less means the oldest record kept.
func Replay(ctx context.Context, k wkafka.Config, topic string, partition int, from, until int64, f func(cordon.Record) error) (int64, error) {
	start, err := wkafka.StartOffset(ctx, k, topic, partition)
	if err != nil {
		return 0, err
	}
	if from <= 0 {
		from = start
	}
	if until < 0 {
		if until, err = wkafka.EndOffset(ctx, k, topic, partition); err != nil {
			return 0, err
		}
	}
	if from >= until {
		return from, nil
	}
	r := wkafka.NewPartitionReader(k, topic, partition, from)
	defer func() { _ = r.Close() }()
	return replay(ctx, r, until, f)
}

func replay(ctx context.Context, r *wkafka.PartitionReader, until int64, f func(cordon.Record) error) (int64, error) {
	for r.Offset() < until {
		b, err := r.Poll(ctx)
		if err != nil {
			return 0, err
		}
		for _, rec := range fromKafka(b.Records) {
			if rec.Position.Offset >= until {
				return until, nil
			}
			if err := f(rec); err != nil {
				return 0, fmt.Errorf("record %s: %w", rec.Position, err)
			}
		}
	}
	return r.Offset(), nil
}

// Follow calls f for every record of a partition from offset from on, until ctx
// ends, and then returns nil. From 0 or less means the oldest record kept.
func Follow(ctx context.Context, k wkafka.Config, topic string, partition int, from int64, f func(cordon.Record) error) error {
	if from <= 0 {
		start, err := wkafka.StartOffset(ctx, k, topic, partition)
		if err != nil {
			return ended(ctx, err)
		}
		from = start
	}
	r := wkafka.NewPartitionReader(k, topic, partition, from)
	defer func() { _ = r.Close() }()
	for {
		b, err := r.Fetch(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		for _, rec := range fromKafka(b.Records) {
			if err := f(rec); err != nil {
				return fmt.Errorf("record %s: %w", rec.Position, err)
			}
		}
	}
}

// ended returns err unless ctx has ended.
func ended(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}
