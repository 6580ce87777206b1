package main

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon/wkafka"
)

const (
	readerName  = "kafka.Reader"
	commitEvery = 500 * time.Millisecond // of all readers
)

// readers are all ways to read. Each is a member of a group, commits what it
// has read, and reads from the start.
func readers() []variant {
	return []variant{
		{name: readerName, read: readKafkaGo},
		{name: "franz-go PollFetches", read: readFranz},
		{name: "watermill-kafka", part: 2, read: readSarama(direct)},
		{name: "watermill-kafka + Router", part: 2, read: readSarama(router)},
		{name: "Consume", read: readClaims},
		{name: "Subscriber, window 1", read: readSubscriber(1, direct)},
		{name: "Subscriber, window 100", read: readSubscriber(100, direct)},
		{name: "Subscriber, window 1 + Router", read: readSubscriber(1, router)},
		{name: "Subscriber, window 1 + Router + 4 middleware", part: 2, read: readSubscriber(1, router4)},
		{name: "Subscriber, window 100 + Router + 4 middleware", part: 2, read: readSubscriber(100, router4)},
		{name: "Subscriber, batch", read: readBatches(direct)},
		{name: "Subscriber, batch + Router + 4 middleware", read: readBatches(router4)},
	}
}

// readersLZ4 are those of readers that are also measured on a topic that is
// compressed.
func readersLZ4() []variant {
	return []variant{
		{name: readerName, lz4: true, read: readKafkaGo},
		{name: "franz-go PollFetches", lz4: true, read: readFranz},
		{name: "Subscriber, window 1", lz4: true, read: readSubscriber(1, direct)},
		{name: "Subscriber, batch + Router + 4 middleware", lz4: true, read: readBatches(router4)},
	}
}

// ended is nil when err comes from the end of ctx, which was asked for.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed)) {
		return nil
	}
	return err
}

func readKafkaGo(ctx context.Context, t target, tl *tally) error {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: t.kafka.Brokers, GroupID: t.group, Topic: t.topic, QueueCapacity: 1000,
		StartOffset: kafka.FirstOffset, CommitInterval: commitEvery, MaxWait: 100 * time.Millisecond,
	})
	for {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return errors.Join(ended(ctx, err), r.Close())
		}
		tl.one(m.Partition, m.Offset)
	}
}

func readFranz(ctx context.Context, t target, tl *tally) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(t.kafka.Brokers...), kgo.ConsumerGroup(t.group), kgo.ConsumeTopics(t.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AutoCommitInterval(commitEvery))
	if err != nil {
		return err
	}
	defer cl.Close()
	for {
		fs := cl.PollFetches(ctx)
		if err := fs.Err(); err != nil {
			return ended(ctx, err)
		}
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			var offsets int64
			for _, r := range p.Records {
				offsets += r.Offset
			}
			if len(p.Records) > 0 {
				tl.add(int(p.Partition), int64(len(p.Records)), offsets)
			}
		})
	}
}

// readClaims is Consume, the level below watermill.
func readClaims(ctx context.Context, t target, tl *tally) error {
	cc := wkafka.ConsumerConfig{Config: t.kafka, Group: t.group, Topics: []string{t.topic}}
	return wkafka.Consume(ctx, cc, func(ctx context.Context, c *wkafka.Claim) error {
		var committed time.Time
		for {
			b, err := c.Fetch(ctx)
			if err != nil {
				return err
			}
			tallyBatch(tl, c.Partition, b.Records)
			if time.Since(committed) < commitEvery {
				continue
			}
			if err := c.Commit(ctx, b.Last()+1, ""); err != nil {
				return err
			}
			committed = time.Now()
		}
	})
}

func tallyBatch(tl *tally, partition int, recs []wkafka.Record) {
	var offsets int64
	for i := range recs {
		offsets += recs[i].Offset
	}
	tl.add(partition, int64(len(recs)), offsets)
}
