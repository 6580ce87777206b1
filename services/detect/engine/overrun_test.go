package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// memoryLog is an Overruns in memory.
type memoryLog struct {
	added []cordon.Overrun
	known map[string]bool
	err   error // of Add
}

func overrunKey(at cordon.Position, digest, rule string) string {
	return at.String() + digest + rule
}

func (l *memoryLog) Known(at cordon.Position, digest, rule string) bool {
	return l.known[overrunKey(at, digest, rule)]
}

func (l *memoryLog) Add(_ context.Context, o cordon.Overrun) error {
	l.added = append(l.added, o)
	return l.err
}

// read is what a process finds in the log that begins after l ended.
func (l *memoryLog) read() *memoryLog {
	n := &memoryLog{known: map[string]bool{}}
	for _, o := range l.added {
		n.known[overrunKey(o.CauseAt, o.Policy.Digest, o.Rule)] = true
	}
	return n
}

// machineSpeed is a watchdog for a machine on which some evaluations take so
// many parts of the budget.
type machineSpeed struct{ parts int }

func (m *machineSpeed) watchdog(_ time.Duration, f func()) func() {
	if m.parts > 0 {
		m.parts--
		f()
	}
	return func() {}
}

// slowFolder has a policy that OPA is always asked for, with a window that it
// is asked for too, and another one.
func slowFolder(t *testing.T) *Pack {
	fsys := one(plain+"\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 1h}", `
observe contains "w" if { some x in input.list; x > 1 }
findings contains sprintf("%d", [input.windows.w.count]) if { some x in input.list; x < 9 }`)
	fsys["z/z/policy.rego"] = folder("x", policyText("z.z", "id: CRD-0002\nseverity: low\nresponse: alert", `findings contains "other" if true`))["x"]
	return mustLoad(t, fsys)
}

func slowEvents(n int, every float64) (events []cordon.Event) {
	for i := range n {
		events = append(events, at(float64(i)*every, fmt.Sprintf(`{"device":{"uid":"d"},"list":[%d,5]}`, i)))
	}
	return inOrder(events)
}

// A replay on another machine gives the same findings and the same state as the
// run before, which stopped some evaluations.
func TestReplayReproducesOverruns(t *testing.T) {
	p, events := slowFolder(t), slowEvents(40, 200)
	log, speed := &memoryLog{}, &machineSpeed{}
	first := New(p, Options{Overruns: log, Watchdog: speed.watchdog, Audit: -1})
	var want []string
	for i, ev := range events {
		speed.parts = 0
		if i%7 == 3 { // about every 23 minutes
			speed.parts = budgetTicks + 1
		}
		want = append(want, summaries(t, first, ev)...)
	}
	if len(log.added) < 5 || len(want) < 60 {
		t.Fatalf("%d overruns, %d findings; want some", len(log.added), len(want))
	}
	for name, parts := range map[string]int{"a fast machine": 0, "a slow machine": 3 * budgetTicks} {
		again := &machineSpeed{}
		read := log.read()
		e := New(p, Options{Overruns: read, Watchdog: again.watchdog, Audit: -1})
		e.Repeat(true)
		var got []string
		for _, ev := range events {
			again.parts = parts
			got = append(got, summaries(t, e, ev)...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: findings (-first +again):\n%s", name, d)
		}
		if d := cmp.Diff(stateOf(t, first), stateOf(t, e)); d != "" {
			t.Errorf("%s: state (-first +again):\n%s", name, d)
		}
		if len(read.added) > 0 {
			t.Errorf("%s: added %v to the log; want nothing", name, read.added)
		}
	}
}

func TestThreeOverrunsDisable(t *testing.T) {
	for _, tc := range []struct {
		name  string
		every float64 // seconds between events
		want  bool
	}{
		{"within ten minutes", 300, true},
		{"in more", 301, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log, counts := &memoryLog{}, NewCounts()
			var reported []string
			o := Options{
				Overruns: log, Counts: counts, Audit: -1, Budget: time.Second,
				Watchdog: (&machineSpeed{parts: 1 << 30}).watchdog,
				Report: func(p *Policy, _ cordon.EventID, err error) {
					if over := (*OverrunError)(nil); errors.As(err, &over) && over.Disables {
						reported = append(reported, p.ID)
					}
				},
			}
			fsys := one(plain, `findings contains "x" if { some x in input.list; x < 9 }`)
			e := New(mustLoad(t, fsys), o)
			summaries(t, e, slowEvents(5, tc.every)...)
			n := counts.policies["CRD-0001"]
			stopped := int64(5)
			if tc.want {
				stopped = mostOverruns
			}
			if got := n.Timeouts.Load(); got != stopped || len(log.added) != int(stopped) {
				t.Errorf("stopped %d times, %d in the log; want %d", got, len(log.added), stopped)
			}
			if got := len(reported) == 1 && n.Disabled.Load() == 1 && log.added[len(log.added)-1].Disables; got != tc.want {
				t.Errorf("disabled = %t (reported %v, log %+v); want %t", got, reported, log.added, tc.want)
			}
		})
	}
}

// Whether a policy is disabled is part of the state, goes over to a new set of
// policies in which it did not change, and ends when it changes.
func TestDisabledStays(t *testing.T) {
	rules := `findings contains "x" if { some x in input.list; x < 9 }`
	counts := NewCounts()
	e := New(mustLoad(t, one(plain, rules)), Options{Counts: counts, Audit: -1, Watchdog: (&machineSpeed{parts: 1 << 30}).watchdog})
	events := slowEvents(4, 1)
	summaries(t, e, events[:3]...)
	state := stateOf(t, e)
	restored := New(mustLoad(t, one(plain, rules)), Options{Counts: counts, Audit: -1})
	if err := restored.Restore(bytesReader(state)); err != nil {
		t.Fatal(err)
	}
	if n := counts.policies["CRD-0001"].Disabled.Load(); n != 2 {
		t.Errorf("disabled in %d engines; want 2", n)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	same := New(mustLoad(t, one(plain, rules)), Options{Counts: counts, Audit: -1})
	same.Inherit(restored)
	if got := summaries(t, same, events[3]); len(got) > 0 || counts.policies["CRD-0001"].Disabled.Load() != 1 {
		t.Errorf("a disabled policy found %q and is disabled in %d engines; want nothing, and one", got, counts.policies["CRD-0001"].Disabled.Load())
	}
	other := New(mustLoad(t, one(plain, rules+"\n# cheaper")), Options{Counts: counts, Audit: -1})
	other.Inherit(same)
	last := slowEvents(5, 1)[4]
	if got := summaries(t, other, last); len(got) != 1 || counts.policies["CRD-0001"].Disabled.Load() != 0 {
		t.Errorf("a policy that was changed found %q and is disabled in %d engines; want x, and none", got, counts.policies["CRD-0001"].Disabled.Load())
	}
}

// What happened is not in the log: nothing may follow from it.
func TestOverrunThatIsNotLogged(t *testing.T) {
	lost := errors.New("no broker")
	e := New(slowFolder(t), Options{Overruns: &memoryLog{err: lost}, Watchdog: (&machineSpeed{parts: 1 << 30}).watchdog, Audit: -1})
	for i, ev := range slowEvents(2, 1) {
		var failed *LogError
		if _, err := e.Evaluate(context.Background(), ev); !errors.As(err, &failed) || !errors.Is(err, lost) {
			t.Errorf("Evaluate of event %d = %v; want a LogError of %v", i, err, lost)
		}
	}
}

// manual is a watchdog whose time passes when the test says so.
type manual struct {
	due   func()
	begun int
}

func (m *manual) start(_ time.Duration, f func()) func() {
	m.due = f
	m.begun++
	return func() { m.due = nil }
}

// A process that was stopped for hours finds one part of the budget used up.
func TestBudgetPassesInParts(t *testing.T) {
	m, stopped := &manual{}, 0
	o := oracle{budget: time.Second, watchdog: m.start}
	end := o.watch(func() { stopped++ })
	for range budgetTicks - 1 {
		m.due()
	}
	if stopped != 0 || m.begun != budgetTicks {
		t.Fatalf("stopped %d times after %d parts; want 0", stopped, m.begun)
	}
	m.due()
	if stopped != 1 {
		t.Errorf("stopped %d times after the whole budget; want 1", stopped)
	}
	end()
	begun := m.begun
	if end = o.watch(func() { stopped++ }); m.begun != begun+1 {
		t.Errorf("begun %d parts; want one more than %d", m.begun, begun)
	}
	late := m.due
	end()
	if late(); stopped != 1 || m.begun != begun+1 {
		t.Errorf("stopped %d times, begun %d parts after the end; want no more", stopped, m.begun-begun)
	}
}
