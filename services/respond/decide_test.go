package respond

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cordon-iot/cordon"
)

var equateEmpty = cmpopts.EquateEmpty()

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func testRules() Rules { return Rules{Enforcer: "webhook"}.withDefaults() }

func testFinding(id, device string) cordon.Finding {
	return cordon.Finding{
		ID: cordon.FindingID(id), Device: cordon.DeviceID(device), Zone: "hall-3",
		Policy:   cordon.PolicyRef{ID: "CRD-0007", Title: "Telnet to many hosts"},
		Severity: cordon.High, Response: cordon.Quarantine, Summary: "23/tcp to 41 hosts in 10 s",
		Time: noon().Add(-5 * 365 * 24 * time.Hour), // replayed from long ago
	}
}

// intended is the first step of the action that testFinding(id, device) leads to.
func intended(id, device string) cordon.Action {
	acts, _ := testRules().Decide(NewState(), testFinding(id, device), noon(), noon())
	return acts[0]
}

func TestDecide(t *testing.T) {
	alert := testFinding("f1", "cam-1")
	alert.Response = cordon.Alert
	later := intended("f0", "cam-1")
	tests := []struct {
		name    string
		state   func(*State)
		finding cordon.Finding
		age     time.Duration
		want    Answer
		state1  cordon.ActionState // of the action, "" for none
	}{
		{name: "quarantine", finding: testFinding("f1", "cam-1"), want: Intended, state1: cordon.ApplyIntended},
		{name: "alert", finding: alert, want: Watched},
		{name: "at the limit of freshness", finding: testFinding("f1", "cam-1"), age: DefaultFreshness, want: Intended, state1: cordon.ApplyIntended},
		{name: "stale", finding: testFinding("f1", "cam-1"), age: DefaultFreshness + time.Millisecond, want: Stale, state1: cordon.ApplyFailed},
		{name: "from the future", finding: testFinding("f1", "cam-1"), age: -time.Hour, want: Intended, state1: cordon.ApplyIntended},
		{
			name: "again, not read back", finding: testFinding("f0", "cam-1"), want: Repeated,
			state: func(s *State) { s.Expect(later) },
		},
		{
			name: "again, open", finding: testFinding("f0", "cam-1"), want: Repeated,
			state: func(s *State) { s.Fold(later) },
		},
		{
			name: "again, closed", finding: testFinding("f0", "cam-1"), want: Repeated,
			state: func(s *State) { s.Fold(later); s.Fold(failed(later, noon(), 1, "no")) },
		},
		{
			name: "other finding, not read back", finding: testFinding("f1", "cam-1"), want: Joined,
			state: func(s *State) { s.Expect(later) },
		},
		{
			name: "other finding, open", finding: testFinding("f1", "cam-1"), want: Joined,
			state: func(s *State) { s.Fold(later) },
		},
		{
			name: "other finding, closed", finding: testFinding("f1", "cam-1"), want: Intended, state1: cordon.ApplyIntended,
			state: func(s *State) { s.Expect(later); s.Fold(later); s.Fold(failed(later, noon(), 1, "no")) },
		},
		{
			name: "other device", finding: testFinding("f1", "cam-2"), want: Intended, state1: cordon.ApplyIntended,
			state: func(s *State) { s.Fold(later) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewState()
			if tt.state != nil {
				tt.state(s)
			}
			acts, got := testRules().Decide(s, tt.finding, noon().Add(-tt.age), noon())
			var state cordon.ActionState
			if len(acts) > 0 {
				state = acts[0].State
			}
			if got != tt.want || state != tt.state1 || len(acts) > 1 {
				t.Errorf("Decide = %v (%s); want %s, first step %q", acts, got, tt.want, tt.state1)
			}
		})
	}
}

func TestDecideFillsTheAction(t *testing.T) {
	got := intended("f1", "cam-1")
	id := cordon.NewActionID("f1", cordon.Segment)
	want := cordon.Action{
		ID: id, State: cordon.ApplyIntended, Op: cordon.NewOpID(id, "webhook", cordon.Apply, 0),
		Device: "cam-1", Zone: "hall-3", Finding: "f1", Policy: "CRD-0007", Title: "Telnet to many hosts", Severity: cordon.High, Level: cordon.Segment, Enforcer: "webhook",
		At: noon(), Since: noon(), Until: noon().Add(time.Hour),
		By: "policy:CRD-0007", Reason: "23/tcp to 41 hosts in 10 s",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Decide, -want +got:\n%s", d)
	}
}

func TestStaleNamesItsAge(t *testing.T) {
	acts, _ := testRules().Decide(NewState(), testFinding("f1", "cam-1"), noon().Add(-time.Hour), noon())
	const want = "stale: the finding waited 1h0m0s in the log, the limit is 15m0s"
	if got := acts[0].Reason; got != want {
		t.Errorf("reason = %q; want %q", got, want)
	}
}

func TestLease(t *testing.T) {
	tests := []struct{ asked, want time.Duration }{
		{0, time.Hour},
		{time.Second, time.Minute},
		{time.Minute, time.Minute},
		{90 * time.Minute, 90 * time.Minute},
		{24 * time.Hour, 24 * time.Hour},
		{25 * time.Hour, 24 * time.Hour},
		{-time.Hour, time.Minute},
	}
	for _, tt := range tests {
		if got := testRules().lease(tt.asked); got != tt.want {
			t.Errorf("lease(%s) = %s; want %s", tt.asked, got, tt.want)
		}
	}
}

func TestRulesValidate(t *testing.T) {
	tests := []struct {
		name  string
		rules Rules
		ok    bool
	}{
		{"defaults", Rules{}, true},
		{"short leases", Rules{MinLease: time.Second, Lease: time.Second}, true},
		{"default below least", Rules{Lease: time.Second}, false},
		{"default above longest", Rules{MaxLease: time.Minute}, false},
		{"negative least", Rules{MinLease: -1}, false},
		{"negative freshness", Rules{Freshness: -1}, false},
	}
	for _, tt := range tests {
		if err := tt.rules.withDefaults().validate(); (err == nil) != tt.ok {
			t.Errorf("%s: validate() = %v; want ok %t", tt.name, err, tt.ok)
		}
	}
}

// A step must survive the log unchanged, or the bytes of a webhook would
// depend on whether the step was read back.
func TestStepsRoundTrip(t *testing.T) {
	now := noon().Add(1234567 * time.Nanosecond)
	a := intended("f1", "cam-1")
	steps := []cordon.Action{
		a, applied(a, now, 3), failed(a, now, 1, "refused"), releaseIntended(a, now, "lease", "the lease ended"),
		released(releaseIntended(a, now, "lease", "the lease ended"), now, 2),
		unapplied(a, now, 4, false, "lease", "too late"),
	}
	for _, want := range steps {
		rec, err := want.Record()
		if err != nil {
			t.Fatal(err)
		}
		got, err := cordon.ActionOf(rec)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: ActionOf(Record()), err %v, -want +got:\n%s", want.State, err, d)
		}
	}
}

func TestUnapplied(t *testing.T) {
	a := intended("f1", "cam-1")
	if got := unapplied(a, noon(), 7, true, "lease", "too late"); got.State != cordon.ApplyFailed || got.Attempt != 7 || got.Op != a.Op {
		t.Errorf("unapplied(certain) = %+v; want apply_failed of the same operation", got)
	}
	got := unapplied(a, noon(), 7, false, "lease", "too late")
	if got.State != cordon.ReleaseIntended || got.Op == a.Op || got.Reason != "too late; it may have been applied" {
		t.Errorf("unapplied(uncertain) = %+v; want release_intended with an operation of its own", got)
	}
}
