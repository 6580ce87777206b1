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
