package wkafka

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// memoryClaim is a claim that reads the same thousand records again and again
// and commits nowhere.
func memoryClaim(ctx context.Context) *Claim {
	recs := make([]Record, 1000)
	value := make([]byte, 700)
	for i := range recs {
		recs[i] = Record{Topic: "events", Offset: int64(i), Key: []byte("device"), Value: value}
	}
	c := &Claim{Topic: "events", log: slog.New(slog.DiscardHandler), ahead: &prefetch{out: make(chan fetched)}, reader: &PartitionReader{}}
	c.commits = &committer{store: func(context.Context, commit) error { return nil }}
	go func() {
		for n := int64(0); ; n += 1000 {
			batch := make([]Record, len(recs))
			copy(batch, recs)
			for i := range batch {
				batch[i].Offset += n
			}
			select {
			case c.ahead.out <- fetched{batch: Batch{Records: batch, HighWater: n + 1000}}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// BenchmarkDeliver measures the way of records from four fetched partitions
// through one channel to a handler that acknowledges at once. One operation is
// one message.
func BenchmarkDeliver(b *testing.B) {
	for _, window := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { benchmarkDeliver(b, SubscriberConfig{Window: window}) })
	}
	b.Run("batch", func(b *testing.B) { benchmarkDeliver(b, SubscriberConfig{Batch: true}) })
}

func benchmarkDeliver(b *testing.B, cfg SubscriberConfig) {
	cfg.Group, cfg.Brokers, cfg.DrainTimeout = "bench", []string{"none"}, time.Nanosecond
	cfg, err := cfg.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	out := make(chan *message.Message)
	for range 4 {
		f := newFeed(&cfg, memoryClaim(ctx), context.Background(), out)
		if cfg.Batch {
			go func() { _ = newBatches(f).run(ctx) }()
			continue
		}
		go func() { _ = newWindow(f, cfg.Window).run(ctx) }()
	}
	records := 0
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		m := <-out
		records += len(DeliveryFrom(m.Context()).Batch.Records)
		m.Ack()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(records), "cpu-ns/record")
}

// cpuTime is what this process has used, which other processes disturb less
// than the time that has passed.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
