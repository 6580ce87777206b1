package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is told to whoever declared a window that makes no sense.
func TestProblemsOfWindows(t *testing.T) {
	by := "by: [input.device.uid], over: 5m"
	for _, tt := range []struct{ name, window, observe, want string }{
		{"a key without meaning", "{kind: last_seen, " + by + ", step: 1s}", "w",
			"a/b/policy.rego:9: window w: step has no meaning for kind last_seen; remove it"},
		{"of for a count", "{kind: count, " + by + ", of: input.x}", "w",
			"a/b/policy.rego:9: window w: of has no meaning for kind count; remove it"},
		{"an average of two steps", "{kind: ewma, " + by + ", step: 150s}", "w",
			"a/b/policy.rego:9: window w: step is too long; ewma compares with at least 4 steps: leave step out"},
		{"too many steps", "{kind: count, " + by + ", step: 1s}", "w",
			"a/b/policy.rego:9: window w: step is too small; a window has at most 120 steps"},
		{"a sequence without steps", "{kind: sequence, " + by + "}", "w",
			"a/b/policy.rego:9: window w: steps are missing; name 2 to 4 different steps in their order, such as steps: [failed, let_in]"},
		{"a sequence of one thing", "{kind: sequence, " + by + ", steps: [w, w]}", "w",
			"a/b/policy.rego:9: window w: steps are missing; name 2 to 4 different steps in their order, such as steps: [failed, let_in]"},
		{"a step that observes nothing", "{kind: sequence, " + by + ", steps: [v, w]}", "w",
			`a/b/policy.rego:10:1: step v of window w observes nothing; write observe contains "v" if { ... }`},
		{"steps for an absence", "{kind: absence, " + by + ", steps: [v, w]}", "w",
			"a/b/policy.rego:9: window w: steps has no meaning for kind absence; remove it"},
		{"a window that is a step in name", "{kind: sequence, " + by + ", steps: [u, v]}", "w",
			`a/b/policy.rego:13:18: no window "w" in METADATA; known are u, v`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := one(plain+"\nwindows:\n  w: "+tt.window, ok+"\nobserve contains \""+tt.observe+"\" if input.x")
			_, err := Load(context.Background(), fsys, LoadOptions{})
			var problems Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v; want %s", err, tt.want)
			}
		})
	}
}

// What a policy reads of windows that need order, and that windows may share an
// observe rule.
func TestWindowsInOrder(t *testing.T) {
	p := mustLoad(t, one(plain+`
windows:
  failed: {kind: count, by: [input.device.uid], over: 10m}
  in: {kind: sequence, steps: [failed, let_in, wrote], by: [input.device.uid], over: 1m}
  last: {kind: last_seen, by: [input.device.uid], over: 10m}
  bytes: {kind: ewma, by: [input.device.uid], over: 10m, of: input.bytes}`, `
observe contains "failed" if input.a == "fail"

observe contains "let_in" if input.a in {"in", "in and write"}

observe contains "wrote" if input.a in {"write", "in and write"}

observe contains "last"

observe contains "bytes"

findings contains sprintf("in after %v s, %v failed", [input.windows["in"].span_s, input.windows.failed.count]) if input.windows["in"].complete

findings contains sprintf("back after %v s", [input.windows.last.age_s]) if input.windows.last.age_s > 100

findings contains sprintf("%v bytes, z %v", [input.bytes, input.windows.bytes.z]) if {
	input.windows.bytes.count >= 3
	input.windows.bytes.z > 3
}`))
	event := func(seconds float64, what, bytes string) (float64, string) {
		return seconds, `{"a":"` + what + `","bytes":` + bytes + `,"device":{"uid":"d"}}`
	}
	got := summaries(t, New(p, Options{}),
		at(event(0, "fail", "10")),
		at(event(5, "in and write", "10")), // one event is not two steps
		at(event(10, "fail", "10")),
		at(event(20, "write", "10")),
		at(event(30, "none", "11")), // and the sequence is still there
		at(event(200, "fail", "900")),
	)
	want := []string{
		"in after 20 s, 2 failed", "11 bytes, z 1000", "in after 20 s, 2 failed",
		"900 bytes, z 1000", "back after 170 s",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

// A policy that was changed elsewhere goes on with a sequence that is under way,
// and with the memory that it takes.
func TestSequenceIsInherited(t *testing.T) {
	text := func(summary string) string {
		return `observe contains "a" if input.x == 1
observe contains "b" if input.x == 2
findings contains "` + summary + `" if input.windows.ab.complete`
	}
	window := plain + "\nwindows:\n  ab: {kind: sequence, steps: [a, b], by: [input.device.uid], over: 1m}"
	before, after := New(mustLoad(t, one(window, text("old"))), Options{}), New(mustLoad(t, one(window, text("new"))), Options{})
	summaries(t, before, at(0, `{"device":{"uid":"d"},"x":1}`))
	bytes := before.runs[0].windows[0].cells.bytes()
	after.Inherit(before)
	if got := summaries(t, after, at(1, `{"device":{"uid":"d"},"x":2}`)); len(got) != 1 || got[0] != "new" {
		t.Errorf("findings after a change between two steps = %q; want the new one", got)
	}
	if got := after.runs[0].emitted.budget.used; got != bytes {
		t.Errorf("the new engine takes %d bytes; want the %d that it inherited", got, bytes)
	}
	changed := New(mustLoad(t, one(window, strings.Replace(text("x"), "input.x == 1", "input.x == 9", 1))), Options{})
	changed.Inherit(after)
	if n := changed.runs[0].windows[0].cells.len(); n != 0 {
		t.Errorf("a sequence of which a step is another one now knows %d keys; want none", n)
	}
}
