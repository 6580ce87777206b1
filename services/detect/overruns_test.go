package detect

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

func TestOverrunsThatCount(t *testing.T) {
	owner := cordon.Change{Kind: cordon.OwnerChange, Partition: 1}
	stopped := func(by, offset int64) cordon.Change {
		o := cordon.Overrun{CauseAt: cordon.Position{Topic: "events", Partition: 1, Offset: offset}, Rule: "findings", Policy: cordon.PolicyRef{Digest: "d"}}
		return cordon.Change{Kind: cordon.OverrunChange, Partition: 1, Owner: by, Offset: offset, Overrun: &o}
	}
	foreign := stopped(0, 9)
	foreign.Partition = 2
	f := changeFold{of: 1}
	for i, c := range []cordon.Change{owner, stopped(0, 3), stopped(0, 3), foreign, owner, stopped(0, 5), stopped(4, 7)} {
		r, err := c.Record("k")
		if err != nil {
			t.Fatal(err)
		}
		r.Position = cordon.Position{Topic: "changes", Offset: int64(i)}
		if err := f.add(r); err != nil {
			t.Fatal(err)
		}
	}
	known := newOverruns(f.overruns, nil)
	var got []int64
	for offset := range int64(12) {
		if known.Known(cordon.Position{Topic: "events", Partition: 1, Offset: offset}, "d", "findings") {
			got = append(got, offset)
		}
	}
	if d := cmp.Diff([]int64{3, 7}, got); d != "" {
		t.Errorf("offsets of overruns that count (-want +got):\n%s", d)
	}
	at := cordon.Position{Topic: "events", Partition: 1, Offset: 3}
	if known.Known(at, "other", "findings") || known.Known(at, "d", "observe w") {
		t.Error("an overrun counts for another policy or another rule")
	}
}

// slowMachine is a watchdog for a machine that is too slow for some of the
// evaluations, by their number. One goroutine uses it.
type slowMachine struct {
	slow  map[int]bool
	n     int
	depth int // of parts of a budget that pass within each other
}

func (m *slowMachine) watchdog(_ time.Duration, f func()) func() {
	if m.depth == 0 {
		m.n++
	}
	if m.slow[m.n] {
		m.depth++
		f()
		m.depth--
	}
	return func() {}
}

// countingFiles has a policy that counts events by asking OPA about each.
func countingFiles() fstest.MapFS {
	return fstest.MapFS{"a/b/policy.rego": {Data: []byte(`# METADATA
# title: T
# description: D
# custom:
#   id: CRD-0001
#   severity: low
#   response: alert
#   windows:
#     w: {kind: count, by: [input.device.uid], over: 240h}
package policies.a.b

observe contains "w" if {
	some x in input.list
	x == input.n
}

findings contains sprintf("%d", [input.windows.w.count]) if input.last
`)}}
}

func counted(n int, last bool) cordon.Event {
	at := time.UnixMilli(1_700_000_000_000 + int64(n)*1_000_000).UTC()
	body := fmt.Sprintf(`{"class_uid":4001,"device":{"uid":"d"},"last":%t,"list":[1,%d],"n":%d,"time":%d}`, last, n, n, at.UnixMilli())
	return cordon.Event{
		ID: cordon.NewEventID("/test", []byte(body)), Device: "d", Class: "network_activity",
		Source: "/test", Time: at, Recorded: at, Body: []byte(body),
	}
}

// What a process stopped is stopped for its successor too, which reads all
// events again on a faster machine.
func TestOverrunsAreInTheLog(t *testing.T) {
	b := newBench(t)
	for i := range 10 {
		b.append(counted(i, i == 9))
	}
	slow := &slowMachine{slow: map[int]bool{2: true, 5: true, 8: true}}
	stop := b.start(Options{Files: countingFiles(), Engine: engine.Options{Watchdog: slow.watchdog, Audit: -1}})
	b.wait("a finding", func() bool { return len(b.all(b.topics.Findings())) == 1 })
	stop()
	b.append(counted(10, true))
	// Another limit is another form of the state: no snapshot is used.
	stop = b.start(Options{Files: countingFiles(), Engine: engine.Options{Recent: 100, Audit: -1}})
	defer stop()
	b.wait("two findings", func() bool { return len(b.all(b.topics.Findings())) == 2 })
	f, err := cordon.FindingOf(b.all(b.topics.Findings())[1])
	if err != nil || f.Summary != "8" {
		t.Errorf("the policy counted %s, %v; want 8: 11 events without the 3 on which it was stopped", f.Summary, err)
	}
	var offsets []int64
	for _, r := range b.all(b.topics.Changes()) {
		c, err := cordon.ChangeOf(r)
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind == cordon.OverrunChange {
			offsets = append(offsets, c.Offset)
		}
	}
	if d := cmp.Diff([]int64{1, 4, 7}, offsets); d != "" {
		t.Errorf("offsets of the overruns in the log (-want +got):\n%s", d)
	}
}

// A step whose overrun cannot be written down ends, and does not reject the
// event.
func TestOverrunThatIsNotWritten(t *testing.T) {
	lost := func(context.Context, cordon.Change) error { return errSuperseded }
	slow := &slowMachine{slow: map[int]bool{1: true}}
	pack, err := engine.Load(t.Context(), countingFiles(), engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := newStep(fixed(pack), engine.Options{Watchdog: slow.watchdog, Audit: -1, Overruns: newOverruns(nil, lost)}, "findings")
	in := counted(0, false).Record()
	in.Position = cordon.Position{Topic: "events"}
	var rejected *stream.RejectError
	if _, err := s.Apply(t.Context(), in); !errors.Is(err, errSuperseded) || errors.As(err, &rejected) {
		t.Errorf("Apply = %v; want %v, and no rejection", err, errSuperseded)
	}
}
