package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func TestFinding(t *testing.T) {
	p := mustLoad(t, one("id: CRD-0007\nseverity: critical\nresponse: quarantine\nlease: 2h\nattack: [T1046, T1110.001]", `
findings contains {"summary": sprintf("port %d", [input.dst_endpoint.port]), "evidence": {"port": input.dst_endpoint.port}} if {
	input.class_uid == 4001
	input.dst_endpoint.port in {23, 2323}
}`))
	ev := at(1, `{"class_uid":4001,"device":{"zone":"cctv"},"dst_endpoint":{"port":23}}`)
	ev.Position = cordon.Position{Topic: "events", Partition: 2, Offset: 7}
	got, err := New(p, Options{}).Evaluate(context.Background(), ev)
	if err != nil {
		t.Fatal(err)
	}
	q := p.Policies[0]
	want := []cordon.Finding{{
		ID:     cordon.NewFindingID(q.Digest, "d", ev.ID, ""),
		Policy: cordon.PolicyRef{ID: "CRD-0007", Package: "policies.a.b", Title: "T", Digest: q.Digest},
		Device: "d", Zone: "cctv", Cause: ev.ID, CauseAt: ev.Position, Time: ev.Time,
		Severity: cordon.Critical, Response: cordon.Quarantine, Lease: 2 * time.Hour,
		Summary: "port 23", Attack: []string{"T1046", "T1110.001"}, Evidence: map[string]any{"port": json.Number("23")},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Evaluate (-want +got):\n%s", d)
	}
}

func TestFindingsOfOneEvent(t *testing.T) {
	tests := []struct {
		name, rules string
		want        []string // summary/key id
		errors      int64
	}{
		{"a plain string", `findings contains "hello" if input.class_uid == 1`, []string{"hello"}, 0},
		{"several, in order of content", `findings contains x if some x in ["b", "a", "c"]`, []string{"a", "b", "c"}, 0},
		{"the same twice is one", `findings contains "x" if true
findings contains "x" if input.class_uid == 1`, []string{"x"}, 0},
		{"no summary", `findings contains x if x := {"evidence": {}}`, nil, 1},
		{"evidence is no object", `findings contains x if x := {"summary": "s", "evidence": 3}`, nil, 1},
		{"a number", `findings contains 3 if true`, nil, 1},
		{"a conflict", `bad := input.class_uid
bad := 7
findings contains "x" if bad == 1`, nil, 1},
		{"too many", `findings contains sprintf("%d", [x]) if some x in numbers.range(1, 30)`, nil, 1},
		{"a builtin with a bad operand is undefined", `findings contains "x" if to_number(input.word) > 0`, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := one(plain, tt.rules)
			fsys["a/other/policy.rego"] = folder("x", policyText("a.other", "id: CRD-0002\nseverity: low\nresponse: alert", `findings contains "other" if true`))["x"]
			counts := NewCounts()
			got := summaries(t, New(mustLoad(t, fsys), Options{Counts: counts}), at(0, `{"class_uid":1,"word":"w"}`))
			if d := cmp.Diff(append(tt.want, "other"), got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if n := counts.policies["CRD-0001"].Errors.Load(); n != tt.errors {
				t.Errorf("errors = %d; want %d", n, tt.errors)
			}
		})
	}
}

func TestFindingIDs(t *testing.T) {
	p := mustLoad(t, one(plain, `findings contains {"summary": x, "key": x} if some x in ["a", "b"]
findings contains "c" if true
findings contains "d" if true`))
	ev := at(0, `{}`)
	got, err := New(p, Options{}).Evaluate(context.Background(), ev)
	if err != nil {
		t.Fatal(err)
	}
	digest := p.Policies[0].Digest
	for i, key := range []string{"", "#2", "a", "b"} {
		if want := cordon.NewFindingID(digest, "d", ev.ID, key); got[i].ID != want {
			t.Errorf("finding %d (%s) has id %s; want that of key %q, %s", i, got[i].Summary, got[i].ID, key, want)
		}
	}
}

func TestEvaluateRefusesWhatIsNoEvent(t *testing.T) {
	e := New(mustLoad(t, one(plain, `findings contains "x" if true`)), Options{})
	for _, body := range []string{``, `null`, `[1]`, `"x"`, `{"a":`, `{"a":1}{`} {
		if _, err := e.Evaluate(context.Background(), at(0, body)); err == nil {
			t.Errorf("Evaluate(%q) = nil; want an error", body)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Evaluate(ctx, at(0, `{}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("Evaluate with an ended context = %v; want %v", err, context.Canceled)
	}
}

func TestWatchdog(t *testing.T) {
	fsys := one(plain, `findings contains "never" if {
	some x in numbers.range(1, 3000)
	some y in numbers.range(1, 3000)
	x * y == -1
}`)
	fsys["z/z/policy.rego"] = folder("x", policyText("z.z", "id: CRD-0002\nseverity: low\nresponse: alert", `findings contains "other" if true`))["x"]
	counts := NewCounts()
	var reported []string
	e := New(mustLoad(t, fsys), Options{
		Counts: counts,
		Budget: time.Second,
		Watchdog: func(_ time.Duration, f func()) func() {
			f() // at once
			return func() {}
		},
		Report: func(p *Policy, _ cordon.EventID, err error) { reported = append(reported, p.ID+": "+err.Error()) },
	})
	summaries(t, e, at(0, `{}`))
	if n := counts.policies["CRD-0001"].Timeouts.Load(); n != 1 {
		t.Errorf("timeouts = %d; want 1", n)
	}
	if len(reported) == 0 || !strings.Contains(reported[0], "stopped after 1s") {
		t.Errorf("reported %q; want that CRD-0001 was stopped", reported)
	}
}

func TestSuppress(t *testing.T) {
	p := mustLoad(t, one(plain+"\nsuppress: 1h", `findings contains {"summary": sprintf("%s at %d", [input.k, input.t]), "key": input.k}`))
	counts := NewCounts()
	e := New(p, Options{Counts: counts})
	var got []string
	for _, s := range []struct {
		k string
		t float64
	}{
		{"a", 7200}, {"a", 7300}, {"b", 7300}, {"a", 10799}, {"a", 10800}, // an hour after the first
		{"a", 7199}, // late, but within an hour of the first
		{"a", 3599}, // late by more
		{"a", 10900},
	} {
		got = append(got, summaries(t, e, at(s.t, fmt.Sprintf(`{"k":%q,"t":%d}`, s.k, int(s.t))))...)
	}
	want := []string{"a at 7200", "b at 7300", "a at 10800", "a at 3599"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if n := counts.policies["CRD-0001"].Suppressed.Load(); n != 4 {
		t.Errorf("suppressed = %d; want 4", n)
	}
}

// Findings of one event and one key are one matter: the first does not
// suppress the second.
func TestSuppressTogether(t *testing.T) {
	p := mustLoad(t, one(plain+"\nsuppress: 1h", `findings contains {"summary": why, "key": "k"} if some why in input.why`))
	e := New(p, Options{})
	got := summaries(t, e, at(0, `{"why":["a","b"]}`), at(60, `{"why":["c"]}`), at(3600, `{"why":["d","e"]}`))
	if d := cmp.Diff([]string{"a", "b", "d", "e"}, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

// A file that is fed twice gives the same findings once.
func TestDeliveredAgain(t *testing.T) {
	p := mustLoad(t, one(plain+"\nwindows:\n  n: {kind: count, by: [input.device.uid], over: 1h}", `
observe contains "n" if input.x
findings contains sprintf("%d", [input.windows.n.count]) if input.windows.n.count >= 3`))
	counts := NewCounts()
	e := New(p, Options{Counts: counts, Recent: 4})
	again := func(from, to int) (events []cordon.Event) {
		for i := from; i < to; i++ {
			events = append(events, at(float64(i), `{"device":{"uid":"d"},"x":1}`))
		}
		return events
	}
	got := summaries(t, e, inOrder(again(0, 3), again(0, 3), again(2, 4), again(0, 1))...)
	if d := cmp.Diff([]string{"3", "4"}, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if n := counts.Duplicates.Load(); n != 5 {
		t.Errorf("duplicates = %d; want 5: all but the last, which is too far back", n)
	}
}

// inOrder puts events at places in the log one after the other.
func inOrder(parts ...[]cordon.Event) []cordon.Event {
	all := slices.Concat(parts...)
	for i := range all {
		all[i].Position = cordon.Position{Topic: "events", Offset: int64(i)}
	}
	return all
}

func TestOrder(t *testing.T) {
	e := New(mustLoad(t, one(plain, `findings contains "x" if true`)), Options{})
	events := inOrder([]cordon.Event{at(0, `{}`), at(1, `{}`)})
	for _, i := range []int{0, 1} {
		if _, err := e.Evaluate(context.Background(), events[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int{1, 0} {
		_, err := e.Evaluate(context.Background(), events[i])
		var order *OrderError
		if !errors.As(err, &order) {
			t.Errorf("Evaluate of offset %d after 1 = %v; want an OrderError", i, err)
		}
	}
}

// What would be suppressed anyway does not reach OPA.
func TestSuppressedWithoutOPA(t *testing.T) {
	p := mustLoad(t, one(plain+"\nsuppress: 1h", `findings contains {"summary": "s", "key": key} if {
	input.n > 1
	some x in [1, 2]
	x == input.n
	key := sprintf("%s:%d", [input.ip, input.n])
}`))
	counts := NewCounts()
	e := New(p, Options{Counts: counts})
	var events []cordon.Event
	for i := range 100 {
		events = append(events, at(float64(i), fmt.Sprintf(`{"ip":"10.0.0.%d","n":2}`, i%2)))
	}
	if got := summaries(t, e, events...); len(got) != 2 {
		t.Errorf("findings = %q; want one for each of the two keys", got)
	}
	n := counts.policies["CRD-0001"]
	if c, s := n.Candidates.Load(), n.Suppressed.Load(); c != 2 || s != 98 {
		t.Errorf("candidates %d, suppressed %d; want 2 and 98", c, s)
	}
}

// A restart folds the events up to some point and goes on from there; at any
// point it must find what an engine finds that never stopped.
func TestFoldAtEveryPoint(t *testing.T) {
	p := mustLoad(t, one(plain+`
suppress: 30s
windows:
  n: {kind: count, by: [input.device.uid], over: 20s}
  d: {kind: distinct, of: input.ip, by: [input.device.uid], over: 1m}
  r: {kind: interval, by: [input.device.uid], over: 2m}`, `
observe contains "n" if input.ip
observe contains "d" if startswith(input.ip, "10.")
observe contains "r" if input.ip != "10.0.0.3"
findings contains sprintf("%d %d %v", [input.windows.n.count, input.windows.d.distinct, object.get(input.windows.r, "cv", "-")]) if input.windows.n.count > 2`))
	var events []cordon.Event
	for i := range 60 {
		events = append(events, at(float64(i*7%50+i), fmt.Sprintf(`{"device":{"uid":"d"},"ip":"10.0.0.%d"}`, i%5)))
	}
	want := summaries(t, New(p, Options{}), events...)
	if len(want) < 3 {
		t.Fatalf("the test finds %q; want more", want)
	}
	for cut := range events {
		got := summaries(t, New(p, Options{}), events[:cut]...)
		e := New(p, Options{})
		for _, ev := range events[:cut] {
			if err := e.Fold(context.Background(), ev); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, summaries(t, e, events[cut:]...)...)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("restart at %d (-want +got):\n%s", cut, d)
		}
	}
}

// TestCountsShared has the engines of several partitions begin at once.
func TestCountsShared(t *testing.T) {
	p := mustLoad(t, one(plain+"\nwindows:\n  n: {kind: count, by: [input.device.uid], over: 1h}", `observe contains "n" if input.k
findings contains "many" if input.windows.n.count == 1`))
	counts := NewCounts()
	var engines sync.WaitGroup
	for range 4 {
		engines.Go(func() {
			if _, err := New(p, Options{Counts: counts}).Evaluate(context.Background(), at(0, `{"device":{"uid":"d"},"k":1}`)); err != nil {
				t.Error(err)
			}
		})
	}
	engines.Wait()
	if n := counts.policies["CRD-0001"].Findings.Load(); n != 4 {
		t.Errorf("findings = %d; want one of each engine", n)
	}
}

// What suppression forgets for lack of room is counted: it is why a finding is
// repeated too early.
func TestSuppressForgets(t *testing.T) {
	p := mustLoad(t, one(plain+"\nsuppress: 1h", `findings contains {"summary": "s", "key": input.k}`))
	counts := NewCounts()
	e := New(p, Options{Counts: counts, MostKeys: 2})
	n := 0
	for i, k := range []string{"a", "b", "c", "a"} {
		n += len(summaries(t, e, at(float64(i), fmt.Sprintf(`{"k":%q}`, k))))
	}
	if forgotten := counts.policies["CRD-0001"].Forgotten.Load(); n != 4 || forgotten != 2 {
		t.Errorf("%d findings, %d forgotten; want 4, that of a twice, and 2", n, forgotten)
	}
}
