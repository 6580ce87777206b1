package stream

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

const testPatience = 30 * time.Second

// fakeClock is time that a test moves. Its zero stands still.
type fakeClock struct{ ahead atomic.Int64 }

func (c *fakeClock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *fakeClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// A process whose session is over by its own clock, as after SIGSTOP or a pause
// of the machine, appends nothing of the batch that it was in: it looks before
// it sends. What it does not append, it appends when it has joined anew.
func TestPausedMemberAppendsNothing(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 100)
	clock := &fakeClock{}
	var paused atomic.Bool
	appended := make(chan int, 1)
	cfg := b.config(t, &copier{out: b.out, apply: func(in cordon.Record) error {
		if in.Position.Offset == 50 && !paused.Swap(true) {
			clock.advance(time.Minute) // the machine slept here
		}
		if in.Position.Offset == 0 && paused.Load() { // the batch comes again, after a new assignment
			select {
			case appended <- len(b.contents(t, b.out)):
			default:
			}
		}
		return nil
	}})
	cfg.Now = clock.now
	arrived := b.follow(t, b.out, 100)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	select {
	case n := <-appended:
		if n != 0 {
			t.Errorf("%d outputs were appended after the session was over; want none", n)
		}
	case <-within(t, testPatience).Done():
		t.Fatal("the batch did not come again")
	}
	wait(t, arrived, "all outputs")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, b.contents(t, b.in), b.contents(t, b.out), 1)
}

// A step that does not return is named, and told to be well when it has.
func TestWatchdog(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 10)
	stuck, free := make(chan struct{}), make(chan struct{})
	cfg := b.config(t, &copier{out: b.out, apply: func(in cordon.Record) error {
		if in.Position.Offset == 3 {
			close(stuck)
			<-free
		}
		return nil
	}})
	cfg.hang = 20 * time.Millisecond
	cfg.Metrics = NewMetrics(prometheus.NewRegistry(), time.Now)
	log := &logLines{}
	cfg.Log = log.logger()
	arrived := b.follow(t, b.out, 10)
	stop := begin(t, func(ctx context.Context) error { return Run(ctx, cfg) })
	wait(t, stuck, "the record")
	gauge := cfg.Metrics.states().stuck.WithLabelValues(b.group, b.in, "0")
	eventually(t, "the watchdog", func() bool { return testutil.ToFloat64(gauge) == 1 })
	eventually(t, "a line that names the record", func() bool { return log.has("does not return", "offset=3") })
	close(free)
	wait(t, arrived, "outputs")
	eventually(t, "the end of it", func() bool { return testutil.ToFloat64(gauge) == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// The ends that a process knows of output topics are those of all its
// partitions. They must not move the marks of one past outputs that a killed
// owner has left there, of inputs that come later.
func TestMarksWaitForWhatIsLeft(t *testing.T) {
	b := newBench(t, 2)
	ctx := within(t, testPatience)
	step := &copier{out: b.out}
	input := func(p int, offset int64) cordon.Record {
		return cordon.Record{Position: cordon.Position{Topic: b.in, Partition: p, Offset: offset}, Key: "k", Value: []byte("v")}
	}
	// All outputs of a batch of two are in the log, and none is committed.
	var left []cordon.Record
	for offset := range int64(2) {
		outs, _ := step.Apply(ctx, input(0, offset))
		r := outs[0].Record
		r.Headers = append(r.Headers, cordon.Header{Key: cordon.HeaderInput, Value: input(0, offset).Position.String()})
		left = append(left, r)
	}
	if _, err := b.app.Append(ctx, b.out, left...); err != nil {
		t.Fatal(err)
	}
	r := newRunner(b.config(t, step), nil)
	var err error
	if r.pub, err = newPublisher(b.cfg, r.cfg.Log, nil); err != nil {
		t.Fatal(err)
	}
	defer r.pub.Close()
	a := &assignment{r: r, claim: &wkafka.Claim{Topic: b.in}, ctx: ctx, step: step, marks: marks{b.out: {0, 0}}, inHand: newInHand()}
	if err := a.rescan(ctx); err != nil {
		t.Fatal(err)
	}
	// Another partition of the process appends behind them.
	if _, err := r.pub.Append(ctx, b.out, []wkafka.Record{{Key: []byte("k"), Value: []byte("other")}}); err != nil {
		t.Fatal(err)
	}
	var outs outputs
	if err := a.applyAll(ctx, []cordon.Record{input(0, 0)}, &outs); err != nil {
		t.Fatal(err)
	}
	a.settle(1)
	if d := cmp.Diff(marks{b.out: {0, 0}}, a.marks); d != "" {
		t.Errorf("marks while an output of a later input is in the log (-want +got):\n%s", d)
	}
	if err := a.applyAll(ctx, []cordon.Record{input(0, 1)}, &outs); err != nil {
		t.Fatal(err)
	}
	a.settle(2)
	if got := max(a.marks[b.out][0], a.marks[b.out][1]); got != 3 {
		t.Errorf("marks when nothing is left = %v; want 3 for the partition that was written", a.marks)
	}
	if n := len(outs.topics); n != 0 {
		t.Errorf("outputs to %d topics; want none, they are in the log", n)
	}
}

// What is left to read is told while it is read, and then that nothing is.
func TestProgressIsTold(t *testing.T) {
	b := newStateBench(t)
	b.cfg.State, b.cfg.MaxRecords = "", 1000
	const n = 3*showEvery + 10
	b.more(t, n)
	var mu sync.Mutex
	var told []Progress
	b.cfg.Progress = func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, p)
	}
	b.more(t, 1)
	mu.Lock()
	defer mu.Unlock()
	told = slices.Compact(told)
	if len(told) < 4 || told[0] != (Progress{1, n}) || told[len(told)-1] != (Progress{}) {
		t.Fatalf("told %v; want one partition with %d records left, then fewer, then none", told, n)
	}
	for i, p := range told[:4] {
		if i > 0 && p.Left >= told[i-1].Left {
			t.Errorf("told %v; want fewer each time", told)
		}
	}
}

// A partition into which nothing came since the last commit is not searched for
// outputs, however much others have appended.
func TestIdlePartitionIsNotSearched(t *testing.T) {
	b := newBench(t, 1)
	b.feed(t, 0, 10)
	const others = 2 * showEvery
	recs := make([]cordon.Record, others)
	for i := range recs {
		recs[i] = cordon.Record{Key: fmt.Sprint(i), Value: []byte("another's")}
	}
	if _, err := b.app.Append(t.Context(), b.out, recs...); err != nil {
		t.Fatal(err)
	}
	var most int64
	cfg := b.config(t, nil)
	cfg.Progress = func(p Progress) { most = max(most, p.Left) }
	r := newRunner(cfg, nil)
	a := &assignment{
		r: r, claim: &wkafka.Claim{Topic: b.in}, ctx: within(t, testPatience),
		next: 10, marks: marks{b.out: {0}}, inHand: newInHand(),
	}
	if err := a.lookBack(); err != nil || most != 0 {
		t.Errorf("without a new record %d outputs were searched, %v; want none", most, err)
	}
	b.feed(t, 10, 1)
	if err := a.lookBack(); err != nil || most != others {
		t.Errorf("with a new record %d outputs were searched, %v; want %d", most, err, others)
	}
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ctx := within(t, testPatience); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

// logLines keep what is logged, as text.
type logLines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logLines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write implements io.Writer.
func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all of it.
func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// has reports whether one line holds all of words.
func (l *logLines) has(words ...string) bool {
	for line := range strings.Lines(l.String()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return true
		}
	}
	return false
}
