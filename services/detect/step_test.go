package detect

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// TestRetry: an event that was remembered before it was refused, because the
// step panicked or its finding was too large, gives its findings again when it
// is retried, for each retry once, also where they would be suppressed. A fold
// remembers the same.
func TestRetry(t *testing.T) {
	pack, err := engine.Load(t.Context(), fstest.MapFS{"a/b/policy.rego": {Data: []byte(`# METADATA
# title: T
# description: D
# custom:
#   id: CRD-0001
#   severity: high
#   response: alert
#   suppress: 1h
package policies.a.b

findings contains "x" if true
`)}}, engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *step { return newStep(fixed(pack), engine.Options{}, "findings") }
	applied, folded := open(), open()
	var got []int
	for i, retry := range []string{"", "", "first", "first", "", "second"} {
		in := attacks(t)[0].Record()
		in.Position = cordon.Position{Topic: "events", Offset: int64(i)}
		if retry != "" {
			in.Headers = append(in.Headers, cordon.Header{Key: stream.HeaderRetryID, Value: cordon.DeriveID("retry", retry)})
		}
		outs, err := applied.Apply(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if err := folded.Fold(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		got = append(got, len(outs))
	}
	if d := cmp.Diff([]int{1, 0, 1, 0, 0, 1}, got); d != "" {
		t.Errorf("findings of an event, again, retried, again, again, retried by force (-want +got):\n%s", d)
	}
	if !bytes.Equal(stateOf(t, applied), stateOf(t, folded)) {
		t.Error("the state of what was applied and of what was folded differ")
	}
}

func stateOf(t *testing.T, s *step) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixed is the course of a partition in which p holds for ever.
func fixed(p *engine.Pack) *course {
	set := &ruleset{digest: "fixed", pack: p}
	return &course{
		changes: []cordon.Change{{Ruleset: set.digest}},
		latest:  func() *ruleset { return set },
		fetch:   func(cordon.Change) (*ruleset, error) { return set, nil },
	}
}
