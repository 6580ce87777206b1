package demo

import (
	"maps"
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
)

// tally is what came of the traffic so far. It belongs to one goroutine.
type tally struct {
	findings map[string]int // by policy id
	titles   map[string]string
	causes   map[cordon.FindingID]time.Time // when the log took the raw record behind it
	actions  map[cordon.ActionID]cordon.ActionState
	acks     []time.Duration // from raw record to acknowledged quarantine
}

func newTally() *tally {
	return &tally{
		findings: map[string]int{}, titles: map[string]string{},
		causes: map[cordon.FindingID]time.Time{}, actions: map[cordon.ActionID]cordon.ActionState{},
	}
}

func (t *tally) finding(f cordon.Finding, recorded time.Time) {
	t.findings[f.Policy.ID]++
	t.titles[f.Policy.ID] = f.Policy.Title
	t.causes[f.ID] = recorded
}

// knows reports whether the finding was seen.
func (t *tally) knows(id cordon.FindingID) bool {
	_, ok := t.causes[id]
	return ok
}

// action notes a step and returns how long after the raw record it came, if
// that is known.
func (t *tally) action(a cordon.Action) (since time.Duration, known bool) {
	t.actions[a.ID] = a.State
	recorded, known := t.causes[a.Finding]
	if !known || recorded.IsZero() {
		return 0, false
	}
	since = a.At.Sub(recorded)
	if a.State == cordon.Applied {
		t.acks = append(t.acks, since)
	}
	return since, true
}

// count is how many actions got as far as one of states.
func (t *tally) count(states ...cordon.ActionState) int {
	n := 0
	for _, s := range t.actions {
		if slices.Contains(states, s) {
			n++
		}
	}
	return n
}

// open is how many actions have not come to their end.
func (t *tally) open() int {
	return t.count(cordon.ApplyIntended, cordon.Applied, cordon.ReleaseIntended)
}

func (t *tally) released() int { return t.count(cordon.Released) }

func (t *tally) policies() []string { return slices.Sorted(maps.Keys(t.findings)) }

// quantile returns the q-th of d, nearest rank.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(d))
	i := int(q*float64(len(s))+0.5) - 1
	return s[min(max(i, 0), len(s)-1)]
}
