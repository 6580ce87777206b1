package wkafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func TestAppendPositions(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 4)
	recs := numbered(0, 500)
	at := appendAll(t, newPublisher(t, cfg), topic, recs)
	next := make([]int64, 4)
	for i, a := range at {
		if want := wkafka.PartitionOf(recs[i].Key, 4); a.Partition != want || a.Offset != next[want] {
			t.Fatalf("record %d at %d/%d; want %d/%d", i, a.Partition, a.Offset, want, next[want])
		}
		next[a.Partition]++
	}
	for p := range next {
		if got := len(readAll(t, cfg, topic, p)); got != int(next[p]) {
			t.Errorf("partition %d has %d records; want %d", p, got, next[p])
		}
	}
}

func TestAppendKeepsOrderOfConcurrentCallers(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 2)
	p := newPublisher(t, cfg)
	const callers, each = 8, 50
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Appendf(nil, "caller-%d", c)
				appendAll(t, p, topic, []wkafka.Record{{Key: key, Value: fmt.Appendf(nil, "%d:%d", c, i)}})
			}
		})
	}
	wg.Wait()
	next := make([]int, callers)
	for part := range 2 {
		for _, v := range readAll(t, cfg, topic, part) {
			var c, i int
			if _, err := fmt.Sscanf(v, "%d:%d", &c, &i); err != nil || i != next[c] {
				t.Fatalf("record %q out of order; want number %d of its caller", v, next[c])
			}
			next[c]++
		}
	}
	for c, n := range next {
		if n != each {
			t.Errorf("caller %d has %d records; want %d", c, n, each)
		}
	}
}

// produceFault makes kfake answer produce requests with err; REQUEST_TIMED_OUT
// is answered after the write, as a real broker may.
func produceFault(c *kfake.Cluster, err *kerr.Error, count int) {
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: err, Count: count})
}

func TestAppendRetriesWithoutSecondCopy(t *testing.T) {
	tests := []struct {
		name string
		err  *kerr.Error
	}{
		{"answer lost", kerr.RequestTimedOut},
		{"after append", kerr.NotEnoughReplicasAfterAppend},
		{"leader moved", kerr.NotLeaderForPartition},
		{"topic not known yet", kerr.UnknownTopicOrPartition},
		{"storage", kerr.KafkaStorageError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cluster, cfg := kafkatest.Cluster(t)
			topic := newTopic(t, cfg, 1)
			p := newPublisher(t, cfg)
			appendAll(t, p, topic, numbered(0, 3))
			produceFault(cluster, tt.err, 3)
			at := appendAll(t, p, topic, numbered(3, 3))
			if at[0].Offset != 3 {
				t.Errorf("first record after %s at offset %d; want 3", tt.name, at[0].Offset)
			}
			want := []string{"0", "1", "2", "3", "4", "5"}
			if diff := cmp.Diff(want, readAll(t, cfg, topic, 0)); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendRefusedForGood(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t)
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	produceFault(cluster, kerr.TopicAuthorizationFailed, 1)
	_, err := p.Append(within(t, 10*time.Second), topic, numbered(0, 1))
	if err == nil || errors.Is(err, wkafka.ErrUnknownOutcome) {
		t.Fatalf("Append(refused) = %v; want an error with a known outcome", err)
	}
	appendAll(t, p, topic, numbered(1, 1))
	if diff := cmp.Diff([]string{"1"}, readAll(t, cfg, topic, 0)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

func TestAppendOversized(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Compression: wkafka.None})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	big := wkafka.Record{Key: []byte("k"), Value: []byte(strings.Repeat("x", 2<<20))}
	recs := append(numbered(0, 1), big)
	if _, err := p.Append(within(t, 10*time.Second), topic, recs); err == nil || errors.Is(err, wkafka.ErrUnknownOutcome) {
		t.Fatalf("Append(2 MiB) = %v; want a refusal", err)
	}
	appendAll(t, p, topic, numbered(1, 1))
	if diff := cmp.Diff([]string{"0", "1"}, readAll(t, cfg, topic, 0)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

func TestAppendWaitsForTopic(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := kafkatest.Name(t)
	waits := make(chan struct{})
	var once sync.Once
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg, Hooks: wkafka.Hooks{
		Retried: func(string) { once.Do(func() { close(waits) }) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx := within(t, 30*time.Second)
	done := make(chan error, 1)
	go func() {
		_, err := p.Append(ctx, topic, numbered(0, 1))
		done <- err
	}()
	wait(t, waits, "an attempt")
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: 1})
	if err := <-done; err != nil {
		t.Errorf("Append(to a topic created later) = %v; want nil", err)
	}
}

func TestPublisherClose(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for {
				if _, err := p.Append(context.Background(), topic, numbered(i, 1)); err != nil {
					if !errors.Is(err, wkafka.ErrClosed) && !errors.Is(err, wkafka.ErrUnknownOutcome) {
						t.Errorf("Append(while closing) = %v; want ErrClosed", err)
					}
					return
				}
			}
		})
	}
	appendAll(t, p, topic, numbered(0, 1))
	if err := p.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	wg.Wait()
}
