package stream

import (
	"context"

	"github.com/cordon-iot/cordon"
)

// Lease returns nil while this process certainly holds the partition; after any
// other answer the assignment's contexts end. Ask right before an effect that
// only the holder may have: a process that was stopped for longer than its
// session learns here that it has a successor. Any goroutine may ask.
func (c *Claim) Lease() error { return c.a.lease() }

// Append is Appender.Append for as long as this process holds the partition.
// After an error that errors.Is wkafka.ErrFenced it does not any more.
func (c *Claim) Append(ctx context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error) {
	done, err := c.a.publish(ctx, topic, toKafka(len(recs), func(i int) *cordon.Record { return &recs[i] }))
	if err != nil {
		return nil, err
	}
	return positions(topic, done), nil
}

// Written is the offset after the last record of this partition of which
// outputs are in the log that were not committed: whoever had the partition
// before has applied its step so far at least, and what it decided cannot be
// taken back. It is Start or less if there are none. Only the step may ask,
// while it applies.
func (c *Claim) Written() int64 {
	last := int64(-1)
	for k := range c.a.seen { // the largest, whatever the order
		last = max(last, k.offset)
	}
	return last + 1
}
