package engine

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// mutant is a fault that a prefilter might have. It is put into an engine that
// was compiled without it, so that no program carries a switch for faults.
type mutant struct {
	name  string
	fault func(e *Engine)
}

// TestMutants breaks the prefilter in many ways. The generated policies and
// events are good for something only if each of them is noticed, and nothing is
// where nothing is broken.
func TestMutants(t *testing.T) {
	streams := recordings(t)
	for _, s := range streams {
		if at := s.firstFault(t, func(*Engine) {}); at >= 0 {
			t.Fatalf("seed %d: without a fault, event %d is said to be wrong: %s", s.seed, at, s.events[at].Body)
		}
	}
	for _, m := range slices.Concat(machineMutants(), indexMutants()) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range streams {
				if at := s.firstFault(t, m.fault); at >= 0 {
					t.Logf("seed %d, noticed at event %d", s.seed, at)
					return
				}
			}
			t.Errorf("nothing noticed in %d streams of %d events; want a fault", len(streams), len(streams[0].events))
		})
	}
}

// recording is events and what OPA finds in them.
type recording struct {
	*trial
	events []cordon.Event
	want   [][]string
}

func recordings(t *testing.T) []recording {
	t.Helper()
	var out []recording
	for i := range uint64(6) {
		r := recording{trial: newTrial(t, 1_000+i, 100)}
		for range 800 {
			ev := r.event()
			r.events, r.want = append(r.events, ev), append(r.want, r.opa.says(t, ev))
		}
		out = append(out, r)
	}
	return out
}

// firstFault returns the first event on which an engine with a fault differs
// from OPA, -1 if it never does.
func (r recording) firstFault(t testing.TB, fault func(*Engine)) int {
	t.Helper()
	for _, few := range mostFew() {
		e := New(r.load(t), Options{Recent: 16, Watchdog: patient})
		e.gate.mostFew = few
		fault(e)
		for i, ev := range r.events {
			if !cmp.Equal(r.want[i], findingsOf(t, e, ev)) {
				return i
			}
		}
	}
	return -1
}
