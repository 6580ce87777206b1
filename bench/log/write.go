package main

import (
	"context"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon/wkafka"
)

const (
	crowd  = 256              // goroutines that write single records
	linger = time.Millisecond // of those that have one
	batch  = 1000             // records of kafka.Writer's batches

	bulkWriter   = "kafka.Writer, 4000 a call"
	singleWriter = "kafka.Writer, 1 goroutine, linger 1 ms"
	crowdWriter  = "kafka.Writer, 256 goroutines"
)

// writers are all ways to write. Each waits until all in-sync replicas have a
// record.
func writers() []variant {
	return []variant{
		{name: bulkWriter, open: openKafkaGo(bulk)},
		{name: "franz-go, 4000 a call, idempotent", base: bulkWriter, open: openFranz},
		{name: "watermill-kafka, 4000 a call", base: bulkWriter, part: 80, open: openSarama(bulk)},
		{name: "Publisher, 4000 a call", base: bulkWriter, open: openPublisher(bulk)},
		{name: bulkWriter, lz4: true, open: openKafkaGo(bulk)},
		{name: "franz-go, 4000 a call, idempotent", base: bulkWriter, lz4: true, open: openFranz},
		{name: "Publisher, 4000 a call", base: bulkWriter, lz4: true, open: openPublisher(bulk)},
		{name: singleWriter, part: 400, open: openKafkaGo(single)},
		{name: "Publisher, 1 goroutine", base: singleWriter, part: 40, open: openPublisher(single)},
		{name: crowdWriter, part: 4, open: openKafkaGo(many)},
		{name: "watermill-kafka, 256 goroutines", base: crowdWriter, part: 4, open: openSarama(many)},
		{name: "Publisher, 256 goroutines", base: crowdWriter, part: 4, open: openPublisher(many)},
	}
}

// A pattern calls write with ranges of the first n records of the set repeated
// without end, and returns its first error.
type pattern func(n int, write func(from, to int) error) error

func bulk(n int, write func(from, to int) error) error {
	for done := 0; done < n; done += setSize {
		if err := write(0, min(setSize, n-done)); err != nil {
			return err
		}
	}
	return nil
}

func single(n int, write func(from, to int) error) error {
	for i := range n {
		if err := write(i%setSize, i%setSize+1); err != nil {
			return err
		}
	}
	return nil
}

// many is single by many goroutines.
func many(n int, write func(from, to int) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, crowd)
	for g := range crowd {
		wg.Go(func() {
			for i := g; i < n; i += crowd {
				if err := write(i%setSize, i%setSize+1); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs // nil when there is none
}

func openKafkaGo(p pattern) func(target) (writer, error) {
	return func(t target) (writer, error) {
		codec := kafka.Compression(0)
		if t.lz4 {
			codec = kafka.Lz4
		}
		w := &kafka.Writer{
			Addr: kafka.TCP(t.kafka.Brokers...), Topic: t.topic, Transport: &kafka.Transport{}, Balancer: kafka.Murmur2Balancer{},
			RequiredAcks: kafka.RequireAll, BatchSize: batch, BatchTimeout: linger, Compression: codec,
		}
		msgs := make([]kafka.Message, setSize)
		for i, r := range recordSet() {
			msgs[i] = kafka.Message{Key: r.Key, Value: r.Value}
		}
		write := func(ctx context.Context, n int) error {
			return p(n, func(from, to int) error { return w.WriteMessages(ctx, msgs[from:to]...) })
		}
		return writer{write, w.Close}, nil
	}
}

// openFranz writes with franz-go's defaults, which are idempotent, but without
// its linger, which a call that waits does not gain from.
func openFranz(t target) (writer, error) {
	codec := kgo.NoCompression()
	if t.lz4 {
		codec = kgo.Lz4Compression()
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(t.kafka.Brokers...), kgo.DefaultProduceTopic(t.topic),
		kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(0))
	if err != nil {
		return writer{}, err
	}
	set := recordSet()
	recs := make([]*kgo.Record, setSize)
	write := func(ctx context.Context, n int) error {
		return bulk(n, func(from, to int) error {
			for i := range to { // the client keeps notes in a record
				recs[i] = &kgo.Record{Key: set[i].Key, Value: set[i].Value}
			}
			return cl.ProduceSync(ctx, recs[from:to]...).FirstErr()
		})
	}
	return writer{write, func() error { cl.Close(); return nil }}, nil
}

func openPublisher(p pattern) func(target) (writer, error) {
	return func(t target) (writer, error) {
		pub, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: t.kafka, Compression: compression(t.lz4), Now: time.Now})
		if err != nil {
			return writer{}, err
		}
		set := recordSet()
		write := func(ctx context.Context, n int) error {
			return p(n, func(from, to int) error {
				_, err := pub.Append(ctx, t.topic, set[from:to])
				return err
			})
		}
		return writer{write, pub.Close}, nil
	}
}
