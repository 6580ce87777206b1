package wkafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestSettledEnds: where nothing is under way they are the ends.
func TestSettledEnds(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 3)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, 20))
	ctx := within(t, 30*time.Second)
	want, err := wkafka.EndOffsets(ctx, cfg, topic)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wkafka.SettledEnds(ctx, cfg, topic, logTo(t))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("SettledEnds = %v, %v (-want +got):\n%s", got, err, diff)
	}
	if ends, err := wkafka.SettledEnds(within(t, time.Second), cfg, topic+"-not-there", nil); err == nil {
		t.Errorf("SettledEnds of no topic = %v; want an error", ends)
	}
}

// TestSettledEndsWaitForFollowers has the followers of a three-node Apache Kafka
// hang, so that what a producer sends stands on its leader alone and no reader
// may see it. The end as readers know it lies before it. SettledEnds waits, and
// returns one behind it as soon as it is replicated.
func TestSettledEndsWaitForFollowers(t *testing.T) {
	c, err := kafkatest.StartApacheCluster(within(t, 3*time.Minute), kafkatest.ClusterConfig{
		// A session longer than the test: nobody is dropped, nothing is elected.
		ApacheConfig: kafkatest.ApacheConfig{Libs: kafkatest.Jars(t), Data: t.TempDir()}, Session: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx := within(t, 2*time.Minute)
	cfg := wkafka.Config{Brokers: c.Addrs(), ClientID: "test"}
	topic := newTopic(t, cfg, 1)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, 5))
	leader, err := c.Leader(ctx, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	// One hangs: the other goes on, and min.insync is 2, yet the high-water
	// mark is that of all that are in sync.
	hangs := c.Node(leader%len(c.Nodes) + 1)
	hangs.Pause()
	sent := make(chan error, 1)
	go func() {
		_, err := p.Append(ctx, topic, numbered(5, 7))
		sent <- err
	}()
	one := wkafka.Config{Brokers: []string{c.Node(leader).Addr}, ClientID: "test"}
	awaitAppended(ctx, t, one, topic, 12)
	if end, err := wkafka.EndOffset(ctx, one, topic, 0); err != nil || end != 5 {
		t.Fatalf("EndOffset while a follower hangs = %d, %v; want 5", end, err)
	}
	short, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	if ends, err := wkafka.SettledEnds(short, one, topic, logTo(t)); err == nil {
		t.Errorf("SettledEnds while a follower hangs = %v; want it to wait", ends)
	}
	hangs.Continue()
	ends, err := wkafka.SettledEnds(ctx, cfg, topic, logTo(t))
	if err != nil || len(ends) != 1 || ends[0] != 12 {
		t.Errorf("SettledEnds when it goes on = %v, %v; want [12]", ends, err)
	}
	if err := <-sent; err != nil {
		t.Errorf("Append = %v", err)
	}
}

// awaitAppended returns when the leader of partition 0 has n records, replicated
// or not.
func awaitAppended(ctx context.Context, t *testing.T, cfg wkafka.Config, topic string, n int64) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		end, err := wkafka.LeaderEnd(ctx, cfg, topic)
		if err == nil && end >= n {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the leader has %d records, %v; want %d", end, err, n)
		}
	}
}
