package dlq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Queue reads the parked records of a deployment, and appends them where they
// stood.
type Queue struct {
	kafka  wkafka.Config
	topics cordon.Topics
	admin  *wkafka.Admin
}

// Open returns the queue of the deployment at k. Close it.
func Open(k wkafka.Config, t cordon.Topics) *Queue {
	return &Queue{k, t, wkafka.NewAdmin(k)}
}

// Close ends the connections.
func (q *Queue) Close() { q.admin.Close() }

// parked are the topics of parked records that there are, with how many
// partitions each has.
func (q *Queue) parked(ctx context.Context) (map[string]int, error) {
	names := []string{q.topics.Rejected()}
	for _, t := range q.topics.All() {
		names = append(names, t+wkafka.DeadLetterSuffix)
	}
	c, err := wkafka.DescribeCluster(ctx, q.kafka, names...)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, t := range c.Topics {
		switch {
		case t.Err == nil:
			out[t.Name] = len(t.Partitions)
		case t.Name == q.topics.Rejected(), !errors.Is(t.Err, kafka.UnknownTopicOrPartition) && !errors.Is(t.Err, kafka.TopicAuthorizationFailed):
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Err)
		}
	}
	return out, nil
}

// Entries returns what f chooses, oldest first.
func (q *Queue) Entries(ctx context.Context, f Filter) ([]Entry, error) {
	parked, err := q.parked(ctx)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for topic, partitions := range parked {
		from, err := q.admin.OffsetsAt(ctx, topic, partitions, f.Since)
		if err != nil {
			return nil, err
		}
		err = q.scan(ctx, topic, from, func(r wkafka.Record) {
			if e := entryOf(r); f.matches(q.topics, e) {
				out = append(out, e)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		if c := a.Parked.Compare(b.Parked); c != 0 {
			return c
		}
		return order(a.At, b.At)
	})
	return out, nil
}

// order is by topic, partition and offset.
func order(a, b cordon.Position) int {
	switch {
	case a.Topic != b.Topic:
		return compare(a.Topic, b.Topic)
	case a.Partition != b.Partition:
		return a.Partition - b.Partition
	}
	return compare(a.Offset, b.Offset)
}

func compare[T ~string | ~int64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// scan calls f for the records of a topic from the offsets on, to the ends as
// they are now.
func (q *Queue) scan(ctx context.Context, topic string, from []int64, f func(wkafka.Record)) error {
	ranges, err := q.admin.Ranges(ctx, topic, len(from))
	if err != nil {
		return err
	}
	for p, kept := range ranges {
		if err := q.scanPartition(ctx, topic, p, max(from[p], kept.Start), kept.End, f); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) scanPartition(ctx context.Context, topic string, partition int, from, end int64, f func(wkafka.Record)) error {
	if from >= end {
		return nil
	}
	r := wkafka.NewPartitionReader(q.kafka, topic, partition, from)
	defer func() { _ = r.Close() }()
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			return fmt.Errorf("read %s/%d: %w", topic, partition, err)
		}
		for _, rec := range b.Records {
			if rec.Offset < end {
				f(rec)
			}
		}
	}
	return nil
}

// original reads the record of e where it stood; ok is false when it is gone.
func (q *Queue) original(ctx context.Context, e Entry) (rec wkafka.Record, ok bool, err error) {
	o := e.Origin
	err = q.scanPartition(ctx, o.Topic, o.Partition, o.Offset, o.Offset+1, func(r wkafka.Record) {
		if r.Offset == o.Offset {
			rec, ok = r, true
		}
	})
	var gone *wkafka.OutOfRangeError
	if errors.As(err, &gone) {
		return rec, false, nil
	}
	return rec, ok, err
}
