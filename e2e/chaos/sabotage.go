package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// sabotage is a defect that is put in on purpose, to see that the checker
// notices it.
type sabotage struct {
	kind string // "", "row", "event" or "finding"
	done atomic.Bool
}

// dropRow makes the rows of one insert into events vanish.
func (s *sabotage) dropRow(table string) bool {
	return s.kind == "row" && table == "events" && s.done.CompareAndSwap(false, true)
}

// again appends a record of the topic once more that stands there already.
func (s *sabotage) again(ctx context.Context, w *world) error {
	topic := map[string]string{"event": w.topics.Events(), "finding": w.topics.Findings()}[s.kind]
	if topic == "" {
		return nil
	}
	k, err := newKafka(w.brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer k.close()
	var first *kgo.Record
	err = k.read(ctx, topic, func(r *kgo.Record) error {
		if first == nil {
			first = r
		}
		return nil
	})
	if err != nil || first == nil {
		return fmt.Errorf("nothing to repeat in %s: %w", topic, err)
	}
	return k.ProduceSync(ctx, &kgo.Record{
		Topic: topic, Partition: first.Partition, Key: first.Key, Value: first.Value, Headers: first.Headers,
	}).FirstErr()
}
