package wkafka_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// memberConfig has the default session timeout: how fast a group notices must
// not depend on a short one.
func memberConfig(t testing.TB, cfg wkafka.Config, group string, topics ...string) wkafka.ConsumerConfig {
	return wkafka.ConsumerConfig{Config: cfg, Group: group, Topics: topics, Log: logTo(t), Now: time.Now}
}

// TestGroupJoinLeave lets members come and go in good order, under load. No
// record may be lost, nor delivered twice, nor delivered to anybody but the one
// holder of its partition; who keeps a partition goes on with it.
func TestGroupJoinLeave(t *testing.T) {
	cfg := kafkatest.Start(t)
	a, b, group := newTopic(t, cfg, 6), newTopic(t, cfg, 6), kafkatest.Name(t)
	l := newLedger(t)
	cc := memberConfig(t, cfg, group, a, b)
	join := func(member string) func() error { return start(t, cc, l.serve(member)) }
	stopLoad := keepLoading(t, cfg, a, b)
	join("first")
	l.awaitShares(map[string]int{"first": 12})
	stopSecond := join("second")
	t.Logf("second member has its share after %v", l.awaitShares(map[string]int{"first": 6, "second": 6}))
	stopThird := join("third")
	t.Logf("third member has its share after %v", l.awaitShares(map[string]int{"first": 4, "second": 4, "third": 4}))
	l.checkNumbers()
	kept := l.holdings("first")
	for _, leave := range []struct {
		member string
		stop   func() error
		want   map[string]int
	}{{"second", stopSecond, map[string]int{"first": 6, "third": 6}}, {"third", stopThird, map[string]int{"first": 12}}} {
		began := time.Now()
		if err := leave.stop(); err != nil {
			t.Fatal(err)
		}
		left := time.Since(began)
		if took := l.awaitShares(leave.want); left+took > time.Second {
			t.Errorf("%s stopped in %v and was taken over %v later; want a second at most", leave.member, left, took)
		} else {
			t.Logf("%s stopped in %v and was taken over %v later", leave.member, left, took)
		}
	}
	for p, h := range l.holdings("first") {
		if was := kept[p]; was != nil && was != h {
			t.Errorf("%s stayed where it was but was given out anew", p)
		}
	}
	if again := l.awaitAll(stopLoad(), a, b); again != 0 {
		t.Errorf("%d records were delivered again; want none", again)
	}
	for p, h := range kept {
		t.Logf("%s was kept: longest time between two batches %v", p, h.pause)
		if h.pause > 2*time.Second {
			t.Errorf("%s was kept and stood still for %v", p, h.pause)
		}
	}
}

// checkNumbers checks that partitions of the same number have the same holder.
func (l *ledger) checkNumbers() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	holder := map[string]string{}
	for p, h := range l.held {
		number := p[len(p)-1:]
		if other := holder[number]; other != "" && other != h.member {
			l.t.Errorf("partitions %s are held by %s and %s", number, other, h.member)
		}
		holder[number] = h.member
	}
}

// TestGroupKill kills a member's process under load, and stops another one for
// longer than its session. What was delivered and not committed comes again,
// and nothing is lost.
func TestGroupKill(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 6), kafkatest.Name(t)
	l := newLedger(t)
	cc := memberConfig(t, cfg, group, topic)
	cc.SessionTimeout = kafkatest.MinSession
	stopLoad := keepLoading(t, cfg, topic)
	start(t, cc, l.serve("survivor"))
	l.awaitShares(map[string]int{"survivor": 6})
	child := startChild(t, l, "killed", cfg, group, topic)
	l.awaitShares(map[string]int{"survivor": 3, "killed": 3})
	kept := l.holdings("survivor")
	child.kill()
	l.endAll("killed")
	if took := l.awaitShares(map[string]int{"survivor": 6}); took > cc.SessionTimeout+time.Second {
		t.Errorf("taken over %v after SIGKILL; want the session timeout of %v and a second at most", took, cc.SessionTimeout)
	} else {
		t.Logf("taken over %v after SIGKILL", took)
	}
	l.checkKept(kept)

	child = startChild(t, l, "stopped", cfg, group, topic)
	l.awaitShares(map[string]int{"survivor": 3, "stopped": 3})
	l.awaitProgress("stopped")
	child.signal(syscall.SIGSTOP)
	l.stop("stopped", true)
	t.Logf("taken over %v after SIGSTOP", l.awaitShares(map[string]int{"survivor": 6}))
	l.stop("stopped", false)
	child.signal(syscall.SIGCONT)
	t.Logf("woken member has a share again after %v", l.awaitShares(map[string]int{"survivor": 3, "stopped": 3}))
	l.awaitProgress("stopped")
	t.Logf("%d records delivered again", l.awaitAll(stopLoad(), topic))
}

// checkKept checks that the tenures go on.
func (l *ledger) checkKept(kept map[string]*tenure) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, was := range kept {
		if l.held[p] != was {
			l.t.Errorf("%s did not stay with %s", p, was.member)
		}
		l.t.Logf("%s was kept: longest time between two batches %v", p, was.pause)
	}
}

// awaitProgress waits until member has read from all it holds.
func (l *ledger) awaitProgress(member string) {
	l.t.Helper()
	l.await(member+" to read", func() bool {
		for _, h := range l.held {
			if h.member == member && h.pause == 0 {
				return false
			}
		}
		return true
	})
}

// TestGroupLease moves the clock past the session, as for a process that was
// stopped and has not sent a heartbeat since: the claim is over, for good,
// though the group would still take its commits, and begins anew.
func TestGroupLease(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	var clock clock
	cc := memberConfig(t, cfg, kafkatest.Name(t), topic)
	cc.Now = clock.now
	claims := make(chan *wkafka.Claim)
	start(t, cc, func(ctx context.Context, c *wkafka.Claim) error {
		claims <- c
		<-ctx.Done()
		return c.Commit(context.WithoutCancel(ctx), 0, "late")
	})
	old := <-claims
	if err := old.Lease(); err != nil {
		t.Fatalf("Lease() = %v; want nil", err)
	}
	clock.add(time.Hour)
	fenced(t, "Lease(an hour later)", old.Lease())
	next := <-claims
	fenced(t, "Lease(of the old claim)", old.Lease())
	if err := next.Lease(); err != nil || next.Committed {
		t.Errorf("claim begun anew: Lease() = %v, Committed %v; want nil, false", err, next.Committed)
	}
}

// TestGroupTopicGrows adds partitions to a topic: somebody must read them.
func TestGroupTopicGrows(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 2)
	l := newLedger(t)
	cc := memberConfig(t, cfg, kafkatest.Name(t), topic)
	start(t, cc, l.serve("first"))
	l.awaitShares(map[string]int{"first": 2})
	start(t, cc, l.serve("second"))
	l.awaitShares(map[string]int{"first": 1, "second": 1})
	grow(t, cfg, topic, 6)
	t.Logf("new partitions are read after %v", l.awaitShares(map[string]int{"first": 3, "second": 3}))
}

// TestGroupStatic stops a member that has an instance id and brings it back:
// everybody has what they had before.
func TestGroupStatic(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 4), kafkatest.Name(t)
	l := newLedger(t)
	join := func(member string) func() error {
		cc := memberConfig(t, cfg, group, topic)
		cc.GroupInstanceID = member
		return start(t, cc, l.serve(member))
	}
	join("first")
	stop := join("second")
	l.awaitShares(map[string]int{"first": 2, "second": 2})
	first, second := l.holdings("first"), l.holdings("second")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	join("second")
	t.Logf("back after %v", l.awaitShares(map[string]int{"first": 2, "second": 2}))
	l.checkKept(first)
	for p := range l.holdings("second") {
		if second[p] == nil {
			t.Errorf("second came back with %s; want what it had, %v", p, second)
		}
	}
}

// TestGroupStaticGrows adds partitions to a topic of a static member that came
// back: brokers do not tell it that it leads.
func TestGroupStaticGrows(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 2)
	l := newLedger(t)
	cc := memberConfig(t, cfg, kafkatest.Name(t), topic)
	cc.GroupInstanceID = "first"
	stop := start(t, cc, l.serve("first"))
	l.awaitShares(map[string]int{"first": 2})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	start(t, cc, l.serve("first"))
	l.awaitShares(map[string]int{"first": 2})
	grow(t, cfg, topic, 4)
	t.Logf("new partitions are read after %v", l.awaitShares(map[string]int{"first": 4}))
}

// TestGroupDrainLate has a member that does not give up what is taken away from
// it: the group goes on without it, and it is fenced.
func TestGroupDrainLate(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 2), kafkatest.Name(t)
	cc := memberConfig(t, cfg, group, topic)
	cc.RebalanceTimeout = time.Second
	late, woken := make(chan error, 2), make(chan struct{})
	began := make(chan struct{}, 4)
	start(t, cc, func(ctx context.Context, c *wkafka.Claim) error {
		began <- struct{}{}
		<-ctx.Done()
		<-woken
		late <- c.Commit(context.WithoutCancel(ctx), 0, "late")
		return nil
	})
	<-began
	<-began
	l := newLedger(t)
	start(t, cc, l.serve("second"))
	t.Logf("taken over after %v", l.awaitShares(map[string]int{"second": 2}))
	close(woken)
	fenced(t, "Commit(after the rebalance timeout)", <-late)
	fenced(t, "Commit(after the rebalance timeout)", <-late)
	<-began // it has joined anew, and its share is given up for it
	l.awaitShares(map[string]int{"second": 1})
}

func fenced(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, wkafka.ErrFenced) {
		t.Errorf("%s = %v; want ErrFenced", what, err)
	}
}

// TestGroupLeavesNoGhost ends a member while its join waits for another member
// to give something up: the group must not wait for it afterwards.
func TestGroupLeavesNoGhost(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 2), kafkatest.Name(t)
	l := newLedger(t)
	cc := memberConfig(t, cfg, group, topic)
	holding, giveUp := make(chan struct{}, 2), make(chan struct{})
	start(t, cc, func(ctx context.Context, c *wkafka.Claim) error {
		holding <- struct{}{}
		<-ctx.Done()
		<-giveUp
		return nil
	})
	<-holding
	<-holding
	start(t, cc, l.serve("second"))
	awaitMembers(t, cfg, group, 2)
	stop := start(t, cc, l.serve("third")) // waits for the first, which is asked to give up a partition
	awaitMembers(t, cfg, group, 3)
	began := time.Now()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("a member that waits to join stopped after %v; want a second at most", took)
	}
	if n := members(t, cfg, group); n != 2 {
		t.Errorf("group has %d members after one has left; want 2", n)
	}
	close(giveUp)
	t.Logf("taken over after %v", l.awaitShares(map[string]int{"second": 1}))
}

func awaitMembers(t testing.TB, cfg wkafka.Config, group string, want int) {
	t.Helper()
	ctx := within(t, 30*time.Second)
	for members(t, cfg, group) != want {
		if ctx.Err() != nil {
			t.Fatalf("group does not get to %d members", want)
		}
	}
}
