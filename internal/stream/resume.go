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

// scan adds to a.seen what topic holds, from its marks to its end now, that
// follows from records of the input partition at or after the offset of in. It
// waits for what its leaders have and readers may not see yet: the process
// before may have sent it, and it will be there.
func (a *assignment) scan(ctx context.Context, topic string, marks []int64, in cordon.Position) error {
	ends, err := wkafka.SettledEnds(ctx, a.r.cfg.Kafka, topic, a.log())
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
		if err := a.scanPartition(ctx, cordon.Position{Topic: topic, Partition: p, Offset: from}, end, in); err != nil {
			return fmt.Errorf("look for outputs of %s/%d: %w", in.Topic, in.Partition, err)
		}
	}
	return nil
}

// scanPartition is scan for one partition of an output topic, from from to
// before end.
func (a *assignment) scanPartition(ctx context.Context, from cordon.Position, end int64, in cordon.Position) error {
	k := a.r.cfg.Kafka
	start, err := wkafka.StartOffset(ctx, k, from.Topic, from.Partition)
	if err != nil {
		return err
	}
	r := wkafka.NewPartitionReader(k, from.Topic, from.Partition, max(from.Offset, start))
	defer func() { _ = r.Close() }()
	prefix := []byte(in.Topic + "/" + strconv.Itoa(in.Partition) + "/")
	show := a.reads("outputs of "+from.Topic, max(from.Offset, start), end)
	defer show.done()
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			return err
		}
		for i := range b.Records {
			a.seen.add(from.Topic, &b.Records[i], prefix, in.Offset)
		}
		show.at(r.Offset())
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

// forget drops what follows from inputs before offset: they are done with, and
// what is left of theirs is never asked for, since the step made other outputs
// of them this time.
func (s seen) forget(offset int64) {
	for k := range s {
		if k.offset < offset {
			delete(s, k)
		}
	}
}
