package wkafka_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

const (
	brokerSession = 3 * time.Second  // until the controller takes a broker that was killed for dead
	unanswered    = 4 * time.Second  // until it is known that a broker hangs
	slack         = 10 * time.Second // for a machine that does much else
)

// TestThreeNodes moves leaders of a three-node Apache Kafka, kills its nodes and
// has one hang, under load. Of what was acknowledged nothing may be lost, nothing
// may stand in the log twice, order is kept for each key, commits do not go
// back, and both sides go on soon. It prints how soon.
func TestThreeNodes(t *testing.T) {
	c, err := kafkatest.StartApacheCluster(within(t, 3*time.Minute), kafkatest.ClusterConfig{
		ApacheConfig: kafkatest.ApacheConfig{Libs: kafkatest.Jars(t), Data: t.TempDir()}, Session: brokerSession,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx := within(t, 5*time.Minute)
	l := startLoad(t, wkafka.Config{Brokers: c.Addrs(), ClientID: "test"})
	l.flows(ctx, t)
	x := &trouble{t: t, kafka: c, load: l}
	x.move(ctx)
	for _, role := range []struct {
		name string
		node func(context.Context) (int, error)
	}{
		{"a leader", func(ctx context.Context) (int, error) { return c.Leader(ctx, l.topic, 0) }},
		{"the group's coordinator", func(ctx context.Context) (int, error) { return c.Coordinator(ctx, l.group) }},
		{"the controller", c.Controller},
	} {
		x.kill(ctx, role.name, role.node)
	}
	x.hang(ctx)
	l.stopWriters()
	l.writers.Wait()
	l.check(ctx, t)
}

// trouble is what happens to the cluster while the load goes on.
type trouble struct {
	t     *testing.T
	kafka *kafkatest.ApacheCluster
	load  *load
}

// during measures how long either side stands still while f runs and until
// both go on. The test fails when that takes longer than what is wanted and the
// slack.
func (x *trouble) during(ctx context.Context, what string, wanted time.Duration, f func() error) {
	x.t.Helper()
	x.load.acks.restart()
	x.load.reads.restart()
	begin := time.Now()
	if err := f(); err != nil {
		x.t.Fatalf("%s: %v\n%s", what, err, x.kafka.Logs())
	}
	settled := time.Since(begin).Round(time.Millisecond)
	x.load.flows(ctx, x.t)
	acks, reads := x.load.acks.pause(), x.load.reads.pause()
	x.t.Logf("%-32s nothing acknowledged for %6v, nothing read for %6v; wanted %v; the cluster took %v", what+":", acks, reads, wanted, settled)
	if limit := wanted + slack; acks > limit || reads > limit {
		x.t.Errorf("%s: nothing acknowledged for %v, nothing read for %v; want at most %v", what, acks, reads, limit)
	}
}

// move has every partition led by another node.
func (x *trouble) move(ctx context.Context) {
	for p := range loadPartitions {
		x.during(ctx, fmt.Sprintf("leader of partition %d moves", p), time.Second, func() error {
			now, err := x.kafka.Leader(ctx, x.load.topic, p)
			if err != nil {
				return err
			}
			return x.kafka.MoveLeader(ctx, x.load.topic, p, now%len(x.kafka.Nodes)+1)
		})
	}
}

// kill ends the node that has a role and brings it back.
func (x *trouble) kill(ctx context.Context, role string, node func(context.Context) (int, error)) {
	id, err := node(ctx)
	if err != nil {
		x.t.Fatal(err)
	}
	n := x.kafka.Node(id)
	x.during(ctx, role+" killed", brokerSession+time.Second, func() error {
		n.Kill()
		return x.kafka.AwaitInSync(ctx)
	})
	x.during(ctx, "it starts again", time.Second, func() error {
		if err := n.Start(ctx); err != nil {
			return err
		}
		return x.kafka.AwaitInSync(ctx)
	})
}

// hang has a leader hang until it is not one any more, and wake up.
func (x *trouble) hang(ctx context.Context) {
	id, err := x.kafka.Leader(ctx, x.load.topic, 1)
	if err != nil {
		x.t.Fatal(err)
	}
	n := x.kafka.Node(id)
	x.during(ctx, "a leader hangs", brokerSession+unanswered, func() error {
		n.Pause()
		return x.kafka.AwaitInSync(ctx)
	})
	x.during(ctx, "it wakes up", time.Second, func() error {
		n.Continue()
		return x.kafka.AwaitInSync(ctx)
	})
}

// check compares the log with what was acknowledged and with what the group
// read.
func (l *load) check(ctx context.Context, t *testing.T) {
	t.Helper()
	total := 0
	for p := range loadPartitions {
		log := readAll(t, l.cfg, l.topic, p)
		total += len(log)
		l.checkOrder(t, p, log)
		l.awaitRead(ctx, t, p, len(log))
		l.mu.Lock()
		for i, v := range log {
			at := place{p, int64(i)}
			if got := l.accepted[at]; got != v {
				t.Errorf("%d/%d holds %q; acknowledged there was %q", p, i, v, got)
			}
			if got := l.seen[at]; got != v {
				t.Errorf("%d/%d holds %q; the group read %q", p, i, v, got)
			}
		}
		l.mu.Unlock()
	}
	for _, b := range l.backward {
		t.Error(b)
	}
	if len(l.accepted) != total {
		t.Errorf("%d records were acknowledged; the log has %d", len(l.accepted), total)
	}
	t.Logf("%d records acknowledged, in the log once and read; %d read again after a commit that was refused", total, l.repeats)
}

// checkOrder wants every record of every writer once, in order.
func (l *load) checkOrder(t *testing.T, partition int, log []string) {
	t.Helper()
	next := make([]int, loadWriters)
	for i, v := range log {
		f := strings.Split(v, "/")
		w, _ := strconv.Atoi(f[1])
		if f[2] != strconv.Itoa(next[w]) {
			t.Fatalf("%d/%d holds record %s of writer %d; want %d", partition, i, f[2], w, next[w])
		}
		next[w]++
	}
	for w, n := range next {
		if n != l.written[partition][w] {
			t.Errorf("the log of partition %d has %d records of writer %d; %d were acknowledged", partition, n, w, l.written[partition][w])
		}
	}
}

// awaitRead returns when the group has read n records of a partition.
func (l *load) awaitRead(ctx context.Context, t *testing.T, partition, n int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if l.distinct(partition) >= n {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the group has read %d of %d records of partition %d", l.distinct(partition), n, partition)
		}
	}
}

func (l *load) distinct(partition int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for at := range l.seen {
		if at.partition == partition {
			n++
		}
	}
	return n
}
