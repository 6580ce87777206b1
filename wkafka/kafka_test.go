package wkafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// within returns a context that bounds a test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// logTo sends logs to the test's output.
func logTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func newTopic(t testing.TB, cfg wkafka.Config, partitions int) string {
	t.Helper()
	topic := kafkatest.Name(t)
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: partitions})
	return topic
}

func newPublisher(t testing.TB, cfg wkafka.Config) *wkafka.Publisher {
	t.Helper()
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Now: time.Now, Log: logTo(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// numbered returns records with keys k0 to k6 and values from, from+1, ...
func numbered(from, n int) []wkafka.Record {
	recs := make([]wkafka.Record, n)
	for i := range recs {
		recs[i] = wkafka.Record{Key: fmt.Appendf(nil, "k%d", (from+i)%7), Value: fmt.Appendf(nil, "%d", from+i)}
	}
	return recs
}

func appendAll(t testing.TB, p *wkafka.Publisher, topic string, recs []wkafka.Record) []wkafka.Appended {
	t.Helper()
	at, err := p.Append(within(t, 30*time.Second), topic, recs)
	if err != nil {
		t.Errorf("Append(%d records): %v", len(recs), err) // not Fatal: goroutines call this
		return make([]wkafka.Appended, len(recs))
	}
	return at
}

// readAll returns the values of a partition, from its start to its end.
func readAll(t testing.TB, cfg wkafka.Config, topic string, partition int) []string {
	t.Helper()
	ctx := within(t, 30*time.Second)
	end, err := wkafka.EndOffset(ctx, cfg, topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	r := wkafka.NewPartitionReader(cfg, topic, partition, 0)
	defer r.Close()
	var values []string
	for r.Offset() < end {
		b, err := r.Poll(ctx)
		if err != nil {
			t.Fatalf("Poll(%s/%d) at offset %d, the end is %d: %v", topic, partition, r.Offset(), end, err)
		}
		for _, rec := range b.Records {
			values = append(values, string(rec.Value))
		}
	}
	return values
}
