package detect

import (
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cordon-iot/cordon/services/detect/guard"
)

// A policy that costs too much to compile is left out of the set that goes into
// the log; a change that brings one is not put in force.
func TestDearPolicyIsLeftOut(t *testing.T) {
	said := &output{}
	w := &watcher{
		guard: &guard.Guard{Command: []string{"/bin/sh", "-c", "cat >/dev/null; echo a/counts/policy.rego; exit 3"}, Limits: guard.Limits{CPU: time.Second}},
		log:   slog.New(slog.NewTextHandler(said, nil)),
	}
	files := versionFiles("one")
	delete(files, "a/says/policy.rego")
	rules := map[string]string{"a/counts/policy.rego": files["a/counts/policy.rego"]}
	if err := w.leaveOut(t.Context(), rules); err != nil || len(rules) != 0 || !said.has("policy left out", "a/counts/policy.rego", "of the processor") {
		t.Errorf("leaveOut = %v, left %v; want the policy left out and named", err, rules)
	}
	w.fsys = fstest.MapFS{"a/counts/policy.rego": {Data: []byte(files["a/counts/policy.rego"])}}
	if _, _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "a/counts/policy.rego") {
		t.Errorf("try = %v; want that the policy is refused", err)
	}
}
