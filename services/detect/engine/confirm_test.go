package engine

import "testing"

// OPA reads base documents by paths of text, so that a number finds the key of
// the same digits. Its index of rules does not.
func TestNumberFindsKeyOfText(t *testing.T) {
	fsys := one(plain, `findings contains "x" if data.site.facts[input.n]`)
	fsys["site/facts.yaml"] = folder("x", `facts: {"1": true}`)["x"]
	if got := summaries(t, New(mustLoad(t, fsys), Options{}), at(0, `{"n":1}`)); len(got) != 1 {
		t.Errorf("findings = %q; want one", got)
	}
}

// A rule with two values is an error, whichever of them OPA comes upon first.
func TestConflictIsNoticed(t *testing.T) {
	counts := NewCounts()
	p := mustLoad(t, one(plain, "both[1] := 1\n\nboth[1] := 2\n\nfindings contains \"x\" if count([k | both[k]]) > 0"))
	if got := summaries(t, New(p, Options{Counts: counts}), at(0, `{}`)); len(got) != 0 {
		t.Errorf("findings = %q; want none", got)
	}
	if n := counts.policies["CRD-0001"].Errors.Load(); n != 1 {
		t.Errorf("errors = %d; want 1", n)
	}
}
