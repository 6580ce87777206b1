package wkafka_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestGroupCommitDuringRebalance has the coordinator refuse commits as it does
// while another generation begins: the partition is held, so they must get
// through.
func TestGroupCommitDuringRebalance(t *testing.T) {
	for _, refusal := range []*kerr.Error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress} {
		t.Run(refusal.Message, func(t *testing.T) {
			broker, cfg := kafkatest.Cluster(t)
			topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: refusal, Count: 3})
			commitAt(t, cfg, group, topic, 0)
			off, _, err := kafkatest.Committed(within(t, 10*time.Second), cfg, group, topic, 0)
			if err != nil || off != 0 {
				t.Errorf("committed offset = %d, %v; want 0", off, err)
			}
		})
	}
}

// TestGroupSessionLost has the coordinator expel a member: all it holds ends
// at once, and it joins anew.
func TestGroupSessionLost(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.Heartbeat, kmsg.OffsetCommit} {
		t.Run(key.Name(), func(t *testing.T) {
			broker, cfg := kafkatest.Cluster(t)
			topic := newTopic(t, cfg, 2)
			cc := memberConfig(t, cfg, kafkatest.Name(t), topic)
			expelled := make(chan int, 1)
			cc.Hooks.Expelled = func(n int) { expelled <- n }
			claims := make(chan *wkafka.Claim)
			results := make(chan error, 8)
			armed := make(chan struct{})
			start(t, cc, func(ctx context.Context, c *wkafka.Claim) error {
				claims <- c
				<-armed
				if key == kmsg.OffsetCommit && c.Partition == 0 {
					_ = c.Commit(ctx, 0, "")
				}
				<-ctx.Done()
				results <- c.Lease()
				results <- c.Commit(context.WithoutCancel(ctx), 0, "")
				return nil
			})
			<-claims
			<-claims
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: kerr.UnknownMemberID})
			close(armed)
			for range 4 {
				fenced(t, "Lease() or Commit() after the session", <-results)
			}
			if n := <-expelled; n != 2 {
				t.Errorf("expelled with %d partitions; want 2", n)
			}
			for range 2 {
				if err := (<-claims).Lease(); err != nil {
					t.Errorf("Lease() after joining anew = %v; want nil", err)
				}
			}
		})
	}
}

// TestGroupCoordinatorMoves gives the group another coordinator, again and
// again, under load: nobody loses a partition.
func TestGroupCoordinatorMoves(t *testing.T) {
	broker, cfg := kafkatest.Cluster(t, kfake.NumBrokers(3))
	topic, group := newTopic(t, cfg, 4), kafkatest.Name(t)
	l := newLedger(t)
	cc := memberConfig(t, cfg, group, topic)
	stopLoad := keepLoading(t, cfg, topic)
	start(t, cc, l.serve("first"))
	start(t, cc, l.serve("second"))
	l.awaitShares(map[string]int{"first": 2, "second": 2})
	kept := l.holdings("first")
	for range 20 {
		broker.RehashCoordinators()
		before := l.total()
		l.await("more records", func() bool { return len(l.seen) > before+100 })
	}
	l.checkKept(kept)
	if again := l.awaitAll(stopLoad(), topic); again != 0 {
		t.Errorf("%d records were delivered again; want none", again)
	}
}

func (l *ledger) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// TestGroupForeignMember has a member of another client in the group, which
// shares out partitions in another way: this one waits until it is gone.
func TestGroupForeignMember(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 2), kafkatest.Name(t)
	joined := make(chan struct{}, 1)
	foreign := other(t, cfg, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { joined <- struct{}{} }))
	wait(t, joined, "the foreign member")
	l := newLedger(t)
	cc := memberConfig(t, cfg, group, topic)
	refused := make(chan struct{}, 100)
	cc.Hooks.Retried = func(what string) {
		if what == "join" {
			refused <- struct{}{}
		}
	}
	start(t, cc, l.serve("ours"))
	wait(t, refused, "a refused join")
	foreign.LeaveGroup()
	t.Logf("in the group %v after the foreign member has left", l.awaitShares(map[string]int{"ours": 2}))
	again := other(t, cfg, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()))
	fetched := again.PollFetches(within(t, 10*time.Second))
	if err := fetched.Err0(); err == nil {
		t.Errorf("a foreign member was let into the group: %s", strconv.Itoa(fetched.NumRecords()))
	}
	if n := members(t, cfg, group); n != 1 {
		t.Errorf("group has %d members; want one", n)
	}
}
