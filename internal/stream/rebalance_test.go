package stream

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// opened counts how often each partition was opened, by member, and keeps the
// newest step of each.
type opened struct {
	mu    sync.Mutex
	count map[string]map[int]int
	steps map[int]*tally
}

func (o *opened) by(member, out string) func(context.Context, *Claim) (Step, error) {
	return func(_ context.Context, c *Claim) (Step, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.count[member] == nil {
			o.count[member] = map[int]int{}
		}
		o.count[member][c.Partition]++
		o.steps[c.Partition] = &tally{out: out, digest: "v1"}
		return o.steps[c.Partition], nil
	}
}

// times are how many partitions member has opened how often.
func (o *opened) times(member string) map[int]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := map[int]int{}
	for _, times := range o.count[member] {
		n[times]++
	}
	return n
}

// A member more or less moves only the partitions that it must; those that stay
// go on with the same step, and those that move fold nothing.
func TestRebalanceMovesOnlyWhatItMust(t *testing.T) {
	b := newBench(t, 4)
	state := b.group + ".state"
	kafkatest.Create(t, b.cfg, wkafka.TopicSpec{Name: state, Partitions: 4, Config: map[string]string{"cleanup.policy": "compact"}})
	o := &opened{count: map[string]map[int]int{}, steps: map[int]*tally{}}
	member := func(name string) Config {
		cfg := b.config(t, nil)
		cfg.State, cfg.Now, cfg.Open = state, time.Now, o.by(name, b.out)
		return cfg
	}
	run := func(cfg Config) func() error {
		return begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	}
	total := 0
	feed := func() {
		t.Helper()
		arrived := b.follow(t, b.out, total+440)
		b.feed(t, total, 440)
		total += 440
		wait(t, arrived, "outputs")
	}
	stopA := run(member("a"))
	feed()
	stopB := run(member("b"))
	eventually(t, "the second member's share", func() bool { return cmp.Equal(o.times("b"), map[int]int{1: 2}) })
	feed()
	if d := cmp.Diff(map[int]int{1: 4}, o.times("a")); d != "" {
		t.Errorf("after another member has joined, partitions of the first by how often it opened them (-want +got):\n%s", d)
	}
	if err := stopB(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first member's share", func() bool { return cmp.Equal(o.times("a"), map[int]int{1: 2, 2: 2}) })
	feed()
	if err := stopA(); err != nil {
		t.Fatal(err)
	}
	for p, s := range o.steps {
		if s.folded != 0 {
			t.Errorf("partition %d folded %d records; want none, each move was in order", p, s.folded)
		}
	}
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
	b.checkTallies(t)
}

// checkTallies compares the outputs of each partition with those of a step that
// was never moved.
func (b *bench) checkTallies(t *testing.T) {
	t.Helper()
	want, got := map[string]string{}, map[string]string{}
	for _, r := range b.contents(t, b.out) {
		got[r.Header(cordon.HeaderInput)] = string(r.Value)
	}
	steps := map[int]*tally{}
	for _, in := range b.contents(t, b.in) {
		p := in.Position.Partition
		if steps[p] == nil {
			steps[p] = &tally{out: b.out}
		}
		outs, _ := steps[p].Apply(t.Context(), in)
		want[in.Position.String()] = string(outs[0].Record.Value)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outputs differ from those of steps that stayed where they were (-want +got):\n%s", d)
	}
}
