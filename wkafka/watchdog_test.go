package wkafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// stalls is a hook that keeps what it is told.
func stalls(sc *wkafka.SubscriberConfig) <-chan wkafka.Stall {
	ch := make(chan wkafka.Stall, 100)
	sc.StallAfter = 40 * time.Millisecond
	sc.Hooks.Stalled = func(s wkafka.Stall) {
		select {
		case ch <- s:
		default: // enough was seen
		}
	}
	return ch
}

// stalledAt waits for the hook to name where.
func stalledAt(t *testing.T, ch <-chan wkafka.Stall, where string) wkafka.Stall {
	t.Helper()
	for {
		select {
		case s := <-ch:
			if s.Where == where {
				return s
			}
		case <-within(t, 30*time.Second).Done():
			t.Fatalf("no stall for %q", where)
		}
	}
}

func TestStalls(t *testing.T) {
	for name, batch := range map[string]bool{"window": false, "batch": true} {
		t.Run(name, func(t *testing.T) {
			var told <-chan wkafka.Stall
			r := newParkRig(t, 3, func(sc *wkafka.SubscriberConfig) {
				sc.Batch, sc.DeadLetters = batch, nil
				told = stalls(sc)
			})
			s := stalledAt(t, told, wkafka.StallReceive)
			if s.Topic != r.topic || s.Partition != 0 || s.Next > 0 || s.End != 3 || s.For < 40*time.Millisecond {
				t.Errorf("stall of a channel that nobody reads = %+v; want offsets 0 to 3", s)
			}
			m := receive(t, r.ch)
			stalledAt(t, told, wkafka.StallHandle)
			m.Ack()
		})
	}
}

func TestStallOfDeadLetters(t *testing.T) {
	for name, batch := range map[string]bool{"window": false, "batch": true} {
		t.Run(name, func(t *testing.T) {
			var told <-chan wkafka.Stall
			r := newParkRig(t, 1, func(sc *wkafka.SubscriberConfig) {
				sc.Batch, sc.MaxAttempts, sc.DeadLetters = batch, 1, newGate(sc.DeadLetters, 0)
				told = stalls(sc)
			})
			receive(t, r.ch).Nack()
			stalledAt(t, told, wkafka.StallPark)
		})
	}
}

// TestStallOfFetch has a broker that answers fetches with nothing though the
// log is longer, as one would that has missed a move of the leader.
func TestStallOfFetch(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t)
	topic := newTopic(t, cfg, 1)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	fetched := make(chan struct{}, 1000)
	cluster.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		select {
		case fetched <- struct{}{}:
		default:
		}
		return empty(req.(*kmsg.FetchRequest)), nil, true
	})
	sc := wkafka.SubscriberConfig{ConsumerConfig: wkafka.ConsumerConfig{Config: cfg, Group: kafkatest.Name(t), MaxWait: 10 * time.Millisecond}}
	told := stalls(&sc)
	if _, err := newSubscriber(t, sc).Subscribe(context.Background(), topic); err != nil {
		t.Fatal(err)
	}
	if s := stalledAt(t, told, wkafka.StallFetch); s.Next != 0 || s.End != 3 {
		t.Errorf("stall = %+v; want offsets 0 to 3", s)
	}
}

// empty answers req with no records.
func empty(req *kmsg.FetchRequest) kmsg.Response {
	res := req.ResponseKind().(*kmsg.FetchResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewFetchResponseTopicPartition()
			rp.Partition, rp.HighWatermark, rp.LastStableOffset = p.Partition, p.FetchOffset, p.FetchOffset
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}
