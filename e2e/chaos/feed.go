package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon/e2e/chaos/load"
)

// enroll puts the devices of the load into the inventory.
func (w *world) enroll(ctx context.Context) error {
	k, err := newKafka(w.brokers)
	if err != nil {
		return err
	}
	defer k.close()
	var recs []*kgo.Record
	for _, d := range load.New(w.o.events, w.o.seed).Inventory() {
		rec, err := d.Record()
		if err != nil {
			return err
		}
		out := &kgo.Record{Topic: w.topics.Devices(), Key: []byte(rec.Key), Value: rec.Value}
		for _, h := range rec.Headers {
			out.Headers = append(out.Headers, kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)})
		}
		recs = append(recs, out)
	}
	return k.ProduceSync(ctx, recs...).FirstErr()
}

// feeder appends the load to the raw topics, spread over time.
type feeder struct {
	rate    atomic.Int64 // records a second
	sent    atomic.Int64 // handed to the client
	acked   atomic.Int64
	mu      sync.Mutex
	failure error
}

// feed appends the whole load, f.rate records a second, and returns when all is
// acknowledged. The client retries for as long as it takes.
func (w *world) feed(ctx context.Context, f *feeder) error {
	k, err := newKafka(w.brokers, kgo.ProducerLinger(5*time.Millisecond), kgo.UnknownTopicRetries(-1))
	if err != nil {
		return err
	}
	defer k.close()
	l := load.New(w.o.events, w.o.seed)
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	due, at := 0.0, time.Now()
	for more := true; more; {
		now := time.Now()
		due += now.Sub(at).Seconds() * float64(f.rate.Load())
		at = now
		for ; more && f.sent.Load() < int64(due); more = w.next(ctx, k, l, f) {
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := k.Flush(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failure
}

const feedEvery = 10 * time.Millisecond

// next sends the next record, if there is one.
func (w *world) next(ctx context.Context, k kafka, l *load.Load, f *feeder) bool {
	r, ok := l.Next()
	if !ok {
		return false
	}
	f.sent.Add(1)
	k.Produce(ctx, &kgo.Record{Topic: w.topics.Raw(r.Format), Key: []byte(r.Key), Value: r.Value}, func(_ *kgo.Record, err error) {
		if err == nil {
			f.acked.Add(1)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.failure == nil {
			f.failure = fmt.Errorf("feed: %w", err)
		}
	})
	return true
}
