package wkafka_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// consumer collects what Consume hands out and commits every batch.
type consumer struct {
	mu     sync.Mutex
	values map[string]int // how often each was seen
	starts []int64
	enough chan struct{} // closed when want distinct values were seen
	want   int
}

func newConsumer(want int) *consumer {
	return &consumer{values: map[string]int{}, enough: make(chan struct{}), want: want}
}

func (c *consumer) take(b wkafka.Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.values)
	for _, r := range b.Records {
		c.values[string(r.Value)]++
	}
	if before < c.want && len(c.values) >= c.want {
		close(c.enough)
	}
}

func (c *consumer) run(ctx context.Context, cl *wkafka.Claim) error {
	c.mu.Lock()
	c.starts = append(c.starts, cl.Start)
	c.mu.Unlock()
	for {
		b, err := cl.Fetch(ctx)
		if err != nil {
			return err
		}
		c.take(b)
		if err := cl.Commit(context.WithoutCancel(ctx), b.Last()+1, strconv.Itoa(len(b.Records))); err != nil {
			return err
		}
	}
}

func groupConfig(t testing.TB, cfg wkafka.Config, group string, topics ...string) wkafka.ConsumerConfig {
	return wkafka.ConsumerConfig{Config: cfg, Group: group, Topics: topics, SessionTimeout: 6 * time.Second, Log: logTo(t)}
}

// start runs Consume until stop is called; stop waits for it.
func start(t testing.TB, cc wkafka.ConsumerConfig, f func(context.Context, *wkafka.Claim) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- wkafka.Consume(ctx, cc, f) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func wait(t testing.TB, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-within(t, 60*time.Second).Done():
		t.Fatalf("timed out waiting for %s", what)
	}
}

func TestConsumeCommitsWithMetadata(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	p := newPublisher(t, cfg)
	appendAll(t, p, topic, numbered(0, 10))
	first := newConsumer(10)
	stop := start(t, groupConfig(t, cfg, group, topic), first.run)
	wait(t, first.enough, "10 records")
	if err := stop(); err != nil {
		t.Fatalf("Consume(...) = %v; want nil when its context ends", err)
	}
	appendAll(t, p, topic, numbered(10, 5))
	var claim wkafka.Claim
	second := newConsumer(5)
	stop = start(t, groupConfig(t, cfg, group, topic), func(ctx context.Context, c *wkafka.Claim) error {
		claim = *c
		return second.run(ctx, c)
	})
	wait(t, second.enough, "5 more records")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if claim.Start != 10 || !claim.Committed || claim.Metadata == "" {
		t.Errorf("second claim starts at %d, committed %v, metadata %q; want 10, true, the count of the last batch", claim.Start, claim.Committed, claim.Metadata)
	}
	if second.values["9"] != 0 || second.values["10"] != 1 {
		t.Errorf("second consumer saw %v; want 10 to 14 once", second.values)
	}
}

func TestCommitNeverGoesBack(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 10))
	got := make(chan [2]error, 1)
	start(t, groupConfig(t, cfg, group, topic), func(ctx context.Context, c *wkafka.Claim) error {
		got <- [2]error{c.Commit(ctx, 5, ""), c.Commit(ctx, 4, "")}
		<-ctx.Done()
		return nil
	})
	select {
	case errs := <-got:
		if errs[0] != nil || errs[1] == nil {
			t.Errorf("Commit(5), Commit(4) = %v, %v; want nil, an error", errs[0], errs[1])
		}
	case <-within(t, 30*time.Second).Done():
		t.Fatal("timed out")
	}
}

func TestClaimSeekTo(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 10))
	got := make(chan string, 10)
	start(t, groupConfig(t, cfg, kafkatest.Name(t), topic), func(ctx context.Context, c *wkafka.Claim) error {
		for _, off := range []int64{7, 2, 9} {
			c.SeekTo(off)
			b, err := c.Fetch(ctx)
			if err != nil {
				return err
			}
			got <- string(b.Records[0].Value)
		}
		<-ctx.Done()
		return nil
	})
	for _, want := range []string{"7", "2", "9"} {
		select {
		case v := <-got:
			if v != want {
				t.Errorf("first record after SeekTo(%s) = %s", want, v)
			}
		case <-within(t, 30*time.Second).Done():
			t.Fatal("timed out")
		}
	}
}

// TestRebalance lets members come and go while records are written: none may be
// lost, and the claims of one partition may not overlap in time.
func TestRebalance(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 4), kafkatest.Name(t)
	p := newPublisher(t, cfg)
	const total = 3000
	all := newConsumer(total)
	var mu sync.Mutex
	holders := map[int]int{}
	member := func(ctx context.Context, c *wkafka.Claim) error {
		mu.Lock()
		holders[c.Partition]++
		if holders[c.Partition] > 1 {
			t.Errorf("partition %d has %d owners at once", c.Partition, holders[c.Partition])
		}
		mu.Unlock()
		defer func() { mu.Lock(); holders[c.Partition]--; mu.Unlock() }()
		return all.run(ctx, c)
	}
	cc := groupConfig(t, cfg, group, topic)
	cc.MaxRecords = 20
	start(t, cc, member)
	for i := 0; i < total; i += 300 {
		appendAll(t, p, topic, numbered(i, 300))
		switch i {
		case 600:
			start(t, cc, member)
		case 1200:
			stop := start(t, cc, member)
			defer func() { _ = stop() }()
		case 1800:
			_ = start(t, cc, member)()
		}
	}
	wait(t, all.enough, fmt.Sprintf("%d records", total))
}

func TestWorkerErrorEndsConsume(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 2)
	broken := errors.New("broken")
	err := wkafka.Consume(within(t, 30*time.Second), groupConfig(t, cfg, kafkatest.Name(t), topic),
		func(ctx context.Context, c *wkafka.Claim) error {
			if c.Partition == 1 {
				return broken
			}
			<-ctx.Done()
			return ctx.Err()
		})
	if !errors.Is(err, broken) {
		t.Errorf("Consume(...) = %v; want %v", err, broken)
	}
}

// TestFenced has a member commit after its generation is over.
func TestFenced(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 5))
	old := make(chan *wkafka.Claim, 1)
	stop := start(t, groupConfig(t, cfg, group, topic), func(ctx context.Context, c *wkafka.Claim) error {
		old <- c
		<-ctx.Done()
		return nil
	})
	claim := <-old
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := claim.Commit(within(t, 10*time.Second), 5, "late"); !errors.Is(err, wkafka.ErrFenced) {
		t.Errorf("Commit(after leaving) = %v; want ErrFenced", err)
	}
	next := make(chan *wkafka.Claim, 1)
	start(t, groupConfig(t, cfg, group, topic), func(ctx context.Context, c *wkafka.Claim) error {
		next <- c
		<-ctx.Done()
		return nil
	})
	if c := <-next; c.Committed || c.Start != 0 {
		t.Errorf("next claim starts at %d, committed %v; want 0, false", c.Start, c.Committed)
	}
}

// TestOutOfRange compares the two policies on a log whose start was removed.
func TestOutOfRange(t *testing.T) {
	for _, reset := range []bool{false, true} {
		t.Run(fmt.Sprintf("reset=%v", reset), func(t *testing.T) {
			cfg := kafkatest.Start(t)
			topic, group := newTopic(t, cfg, 1), kafkatest.Name(t)
			p := newPublisher(t, cfg)
			appendAll(t, p, topic, numbered(0, 10))
			commitAt(t, cfg, group, topic, 3)
			kafkatest.DeleteRecords(t, cfg, topic, 0, 6)
			var lost int64
			c := newConsumer(4)
			cc := groupConfig(t, cfg, group, topic)
			cc.ResetOutOfRange = reset
			cc.Hooks.Lost = func(n int64) { lost += n }
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if reset {
				go func() { <-c.enough; cancel() }()
			}
			err := wkafka.Consume(ctx, cc, c.run)
			var gone *wkafka.OutOfRangeError
			if !reset && (!errors.As(err, &gone) || gone.Offset != 3 || gone.Start != 6 || gone.End != 10) {
				t.Errorf("Consume(...) = %v; want an OutOfRangeError from 3 to 6 of 10", err)
			}
			if reset && (err != nil || lost != 3) {
				t.Errorf("Consume(...) = %v, lost %d; want nil, 3", err, lost)
			}
		})
	}
}

// commitAt commits offset for group.
func commitAt(t testing.TB, cfg wkafka.Config, group, topic string, offset int64) {
	t.Helper()
	done := make(chan struct{})
	var once sync.Once
	stop := start(t, groupConfig(t, cfg, group, topic), func(ctx context.Context, c *wkafka.Claim) error {
		err := c.Commit(ctx, offset, "")
		once.Do(func() { close(done) })
		<-ctx.Done()
		return err
	})
	wait(t, done, "a commit")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a port that was free a moment ago.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestBrokerRestart stops the broker in the middle of writing and reading and
// brings it back on its data.
func TestBrokerRestart(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	boot := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir), kfake.SyncWrites(), kfake.GroupMinSessionTimeout(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	broker := boot()
	defer func() { broker.Close() }()
	cfg := wkafka.Config{Brokers: []string{net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}, ClientID: "test"}
	topic, group := newTopic(t, cfg, 2), kafkatest.Name(t)
	p := newPublisher(t, cfg)
	const total = 1000
	all := newConsumer(total)
	start(t, groupConfig(t, cfg, group, topic), all.run)
	for i := 0; i < total; i += 50 {
		if i%250 == 200 {
			broker.Close()
			done := make(chan struct{})
			go func() { defer close(done); appendAll(t, p, topic, numbered(i, 50)) }()
			broker = boot()
			<-done
			continue
		}
		appendAll(t, p, topic, numbered(i, 50))
	}
	wait(t, all.enough, "all records")
	if n := len(all.starts); n != 2 {
		t.Errorf("the 2 partitions were given out %d times; want once each: the session outlives the broker", n)
	}
	var log []string
	for part := range 2 {
		log = append(log, readAll(t, cfg, topic, part)...)
	}
	counts := map[string]int{}
	for _, v := range log {
		counts[v]++
	}
	for i := range total {
		if n := counts[strconv.Itoa(i)]; n != 1 {
			t.Errorf("record %d is in the log %d times; want once", i, n)
		}
	}
}

func TestPartitionReaderWaits(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 1)
	r := wkafka.NewPartitionReader(cfg, topic, 0, 0)
	defer r.Close()
	b, err := r.Poll(within(t, 10*time.Second))
	if err != nil || len(b.Records) != 0 {
		t.Fatalf("Poll(empty) = %v, %v; want no record", b, err)
	}
	go appendAll(t, newPublisher(t, cfg), topic, numbered(0, 1))
	b, err = r.Fetch(within(t, 10*time.Second))
	if err != nil || len(b.Records) != 1 || b.HighWater != 1 {
		t.Errorf("Fetch() = %v, %v; want one record, high water 1", b, err)
	}
}

func TestOffsets(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := newTopic(t, cfg, 3)
	p := newPublisher(t, cfg)
	at := appendAll(t, p, topic, numbered(0, 30))
	want := make([]int64, 3)
	for _, a := range at {
		want[a.Partition] = max(want[a.Partition], a.Offset+1)
	}
	ctx := within(t, 20*time.Second)
	got, err := wkafka.EndOffsets(ctx, cfg, topic)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("EndOffsets() = %v, %v; want %v", got, err, want)
	}
	if n, err := wkafka.Partitions(ctx, cfg, topic); err != nil || n != 3 {
		t.Errorf("Partitions() = %d, %v; want 3", n, err)
	}
	for part := range want {
		ends := p.End(topic)
		if got := max(ends[part], 0); got != want[part] {
			t.Errorf("End()[%d] = %d; want %d", part, got, want[part])
		}
	}
	if err := wkafka.CreateTopics(ctx, cfg, wkafka.TopicSpec{Name: topic, Partitions: 3}); err != nil {
		t.Errorf("CreateTopics(existing) = %v; want nil", err)
	}
}
