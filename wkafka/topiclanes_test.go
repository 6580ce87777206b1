package wkafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// soon is how long a publisher may take to notice what has changed.
const soon = time.Second

// took runs f and fails the test if it took longer than soon.
func took(t *testing.T, what string, f func()) {
	t.Helper()
	began := time.Now()
	f()
	d := time.Since(began)
	t.Logf("%s: %v", what, d)
	if d > soon {
		t.Errorf("%s took %v; want at most %v", what, d, soon)
	}
}

func TestAppendAfterLeaderMove(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t, kfake.NumBrokers(3))
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, 1))
	want := []string{"0"}
	for i := range 6 {
		if err := cluster.MoveTopicPartition(topic, 0, int32(i%3)); err != nil {
			t.Fatal(err)
		}
		took(t, "Append after the leader moved", func() { appendAll(t, p, topic, numbered(i+1, 1)) })
		want = append(want, fmt.Sprint(i+1))
	}
	if diff := cmp.Diff(want, readAll(t, cfg, topic, 0)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

// TestAppendAfterOutage: however long a broker was away, it is noticed soon
// when it is back.
func TestAppendAfterOutage(t *testing.T) {
	b := newCrashable(t)
	topic := newTopic(t, b.cfg, 1)
	var retries atomic.Int64
	long := make(chan struct{}) // closed when the delays between attempts grow no more
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: b.cfg, Log: logTo(t), Hooks: wkafka.Hooks{
		Retried: func(string) {
			if retries.Add(1) == 8 {
				close(long)
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	appendAll(t, p, topic, numbered(0, 1))
	b.cluster.Close()
	done := make(chan error, 1)
	go func() {
		_, err := p.Append(within(t, time.Minute), topic, numbered(1, 1))
		done <- err
	}()
	wait(t, long, "attempts")
	b.start()
	took(t, "Append after an outage", func() {
		if err := <-done; err != nil {
			t.Errorf("Append(across an outage) = %v; want nil", err)
		}
	})
	if diff := cmp.Diff([]string{"0", "1"}, readAll(t, b.cfg, topic, 0)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

// topicAdmin is a client for what this package does not do.
func topicAdmin(t *testing.T, cfg wkafka.Config) *kadm.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return kadm.NewClient(cl)
}

// TestTopicChanges: a publisher goes on when its topic has other partitions, or
// is another topic of the same name.
func TestTopicChanges(t *testing.T) {
	recreate := func(n int) func(*testing.T, wkafka.Config, string) {
		return func(t *testing.T, cfg wkafka.Config, topic string) {
			if _, err := topicAdmin(t, cfg).DeleteTopics(t.Context(), topic); err != nil {
				t.Fatal(err)
			}
			kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: n})
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*testing.T, wkafka.Config, string)
		now    int // partitions
	}{
		{"grown", func(t *testing.T, cfg wkafka.Config, topic string) {
			if _, err := topicAdmin(t, cfg).CreatePartitions(t.Context(), 2, topic); err != nil {
				t.Fatal(err)
			}
		}, 4},
		{"created anew", recreate(2), 2},
		{"created anew, smaller", recreate(1), 1},
		{"created anew, larger", recreate(4), 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := kafkatest.Start(t)
			topic := newTopic(t, cfg, 2)
			p := newPublisher(t, cfg)
			recs := make([]wkafka.Record, 50)
			for i := range recs {
				recs[i].Key = fmt.Appendf(nil, "key-%d", i)
			}
			appendAll(t, p, topic, recs)
			tt.change(t, cfg, topic)
			ctx := within(t, 30*time.Second)
			for seen := map[int]bool{}; len(seen) < tt.now || len(p.End(topic)) != tt.now; {
				at, err := p.Append(ctx, topic, recs)
				if ctx.Err() != nil {
					t.Fatalf("after half a minute: %d partitions known, written to %v; want %d: %v", len(p.End(topic)), seen, tt.now, err)
				}
				for _, a := range at {
					if a.Offset >= 0 && a.Partition < tt.now {
						seen[a.Partition] = true
					}
				}
			}
			for i, a := range appendAll(t, p, topic, recs) {
				if want := wkafka.PartitionOf(recs[i].Key, tt.now); a.Partition != want {
					t.Fatalf("record %d in partition %d; want %d", i, a.Partition, want)
				}
			}
		})
	}
}

func TestPublisherAfterClose(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, 1))
	for range 2 {
		if err := p.Close(); err != nil {
			t.Errorf("Close() = %v; want nil", err)
		}
	}
	if err := p.Publish(topic, message.NewMessage("1", nil)); !errors.Is(err, wkafka.ErrClosed) {
		t.Errorf("Publish(after Close) = %v; want %v", err, wkafka.ErrClosed)
	}
	if _, err := p.Append(context.Background(), "another topic", numbered(1, 1)); !errors.Is(err, wkafka.ErrClosed) {
		t.Errorf("Append(new topic, after Close) = %v; want %v", err, wkafka.ErrClosed)
	}
}
