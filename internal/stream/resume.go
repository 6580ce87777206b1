package stream

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// seen are outputs that are in the log although the inputs they follow from
// were not committed: how often each.
type seen map[seenKey]int

type seenKey struct {
	topic  string
	offset int64 // of the input
	id     string
}

// scan adds to s what topic holds, from its marks to its end now, that follows
// from records of the input partition at or after offset from.
func (s seen) scan(ctx context.Context, k wkafka.Config, topic string, marks []int64, in cordon.Position) error {
	ends, err := wkafka.EndOffsets(ctx, k, topic)
	if err != nil {
		return err
	}
	for p, end := range ends {
		from := int64(0)
		if p < len(marks) {
			from = marks[p]
		}
		if from >= end {
			continue
		}
		if err := s.scanPartition(ctx, k, topic, p, from, end, in); err != nil {
			return fmt.Errorf("look for outputs of %s/%d: %w", in.Topic, in.Partition, err)
		}
	}
	return nil
}

func (s seen) scanPartition(ctx context.Context, k wkafka.Config, topic string, partition int, from, end int64, in cordon.Position) error {
	start, err := wkafka.StartOffset(ctx, k, topic, partition)
	if err != nil {
		return err
	}
	r := wkafka.NewPartitionReader(k, topic, partition, max(from, start))
	defer func() { _ = r.Close() }()
	prefix := []byte(in.Topic + "/" + strconv.Itoa(in.Partition) + "/")
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			return err
		}
		for i := range b.Records {
			s.add(topic, &b.Records[i], prefix, in.Offset)
		}
	}
	return nil
}

// add notes r if its input has prefix and an offset at or after from.
func (s seen) add(topic string, r *wkafka.Record, prefix []byte, from int64) {
	var id string
	offset := int64(-1)
	for _, h := range r.Headers {
		switch h.Key {
		case cordon.HeaderID:
			id = string(h.Value)
		case cordon.HeaderInput:
			if rest, ok := bytes.CutPrefix(h.Value, prefix); ok {
				if n, err := strconv.ParseInt(string(rest), 10, 64); err == nil {
					offset = n
				}
			}
		}
	}
	if offset >= from {
		s[seenKey{topic, offset, id}]++
	}
}

// take reports whether the output is in the log, and forgets one of it.
func (s seen) take(topic string, offset int64, id string) bool {
	k := seenKey{topic, offset, id}
	n := s[k]
	if n == 0 {
		return false
	}
	if n == 1 {
		delete(s, k)
	} else {
		s[k] = n - 1
	}
	return true
}
