package engine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A window that is flooded with keys forgets its own; one that takes less than
// its share keeps what it knows, and can still learn.
func TestFloodPaysItself(t *testing.T) {
	const windows = "\nwindows:\n  w: {kind: count, by: [input.device.uid, input.ip], over: 1h}"
	p := mustLoad(t, folder(
		"a/flooded/policy.rego", policyText("a.flooded", plain+windows, "observe contains \"w\" if input.ip\nfindings contains \"x\" if input.windows.w.count > 1e9"),
		"a/quiet/policy.rego", policyText("a.quiet", "id: CRD-0002\nseverity: low\nresponse: alert"+windows,
			"observe contains \"w\" if input.quiet\nfindings contains sprintf(\"%d\", [input.windows.w.count]) if input.quiet"),
	))
	const most = 200_000
	counts := NewCounts()
	e := New(p, Options{Counts: counts, MostBytes: most})
	quiet := func(seconds float64) []string {
		return summaries(t, e, at(seconds, `{"device":{"uid":"d"},"ip":"quiet","quiet":true}`))
	}
	quiet(0)
	b := e.runs[0].emitted.budget
	for i := range 3000 {
		summaries(t, e, at(float64(i)/10, fmt.Sprintf(`{"device":{"uid":"d"},"ip":"%d"}`, i)))
		if b.used > most {
			t.Fatalf("after %d keys %d bytes are taken; want at most %d", i, b.used, most)
		}
	}
	if d := cmp.Diff([]string{"2"}, quiet(400)); d != "" {
		t.Errorf("the quiet window after a flood of another one (-want +got):\n%s", d)
	}
	flooded, kept := counts.policies["CRD-0001"].Windows["w"].Evicted.Load(), counts.policies["CRD-0002"].Windows["w"].Evicted.Load()
	if known := int64(e.runs[0].windows[0].cells.len()); flooded == 0 || kept != 0 || known+flooded != 3002 { // the quiet key came twice
		t.Errorf("the flooded window forgot %d of 3002 keys and knows %d, the quiet one forgot %d; want some, the rest, and none", flooded, known, kept)
	}
	used := int64(0)
	for _, r := range e.runs {
		used += r.windows[0].cells.bytes() + r.emitted.bytes()
	}
	if used != b.used {
		t.Errorf("the budget counts %d bytes, its parts %d", b.used, used)
	}
}

// With the budget full of one part, another one below its share makes the
// largest one pay.
func TestLargestPays(t *testing.T) {
	b := &budget{most: 10 * entryBytes}
	large, small := newLRU[int](100), newLRU[int](100)
	large.join(b)
	small.join(b)
	zero := func() int { return 0 }
	for i := range 20 {
		large.use(fmt.Append(nil, i), zero)
	}
	full := large.len()
	for i := range 3 {
		small.use(fmt.Append(nil, i), zero)
	}
	if large.len() != full-3 || small.len() != 3 || b.used > b.most {
		t.Errorf("the large part has %d entries of %d and the small one %d, in %d of %d bytes; want three gone for three",
			large.len(), full, small.len(), b.used, b.most)
	}
}
