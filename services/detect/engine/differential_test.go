package engine

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

var firstSeed = flag.Uint64("seed", 1, "first seed of the differential test")

// size of a random set of policies, and the events to try on it. OPA without
// its index pays for every policy on every event: most sets are small.
type size struct{ policies, events int }

// sizes are those of the sets to try: without the race detector, as make test
// runs this package, over 200,000 events; with it, and under -short, a part.
func sizes() []size {
	large, small := size{250, 600}, size{40, 3_500}
	switch {
	case testing.Short():
		return []size{{100, 500}}
	case raceEnabled:
		return []size{{100, 1_000}, {50, 4_000}, {50, 4_000}}
	}
	return slices.Concat(slices.Repeat([]size{large}, 8), slices.Repeat([]size{small}, 56))
}

// Whatever policies are made of, the engine finds what plain OPA finds without
// its index, no more and no less.
func TestDifferential(t *testing.T) {
	for i, n := range sizes() {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s := newTrial(t, seed, n.policies)
			for range n.events {
				s.next(t)
			}
			s.report(t)
		})
	}
}

// trial is a random set of policies in both forms.
type trial struct {
	gen
	seed     uint64
	policies []*madePolicy
	engine   *Engine
	opa      *plainOPA
	counts   *Counts
	n        int // events so far
	found    int
}

func newTrial(t testing.TB, seed uint64, policies int) *trial {
	t.Helper()
	s := &trial{gen: newGen(seed), seed: seed, counts: NewCounts()}
	unusual := 0
	for i := range policies {
		p := s.policy(fmt.Sprintf("p%03d", i), i%4 == 0)
		s.policies = append(s.policies, p)
		if p.unusual {
			unusual++
		}
	}
	pack := s.load(t)
	s.keep(t, pack)
	if unusual*10 < policies*3 {
		t.Errorf("seed %d: %d of %d policies call unusual builtins; want 30 %%", seed, unusual, policies)
	}
	s.engine = New(pack, Options{Counts: s.counts, Recent: 16, Watchdog: patient})
	s.engine.gate.mostFew = mostFew()[s.seed%3]
	s.opa = newPlainOPA(t, s.policies)
	return s
}

// mostFew are numbers of clauses that are few: with none it is columns alone
// that decide, with any number the clauses are looked at one by one. Of random
// policies hardly ever as few are left as in production.
func mostFew() []int { return []int{-1, math.MaxInt, fewClauses} }

// load compiles the policies for the engine, in packages of three areas.
func (s *trial) load(t testing.TB) *Pack {
	t.Helper()
	fsys := folder("lib/words.rego", wordsLib, "site/facts.json", factsText)
	for _, p := range s.policies {
		pkg := p.area + "." + p.name
		fsys[p.area+"/"+p.name+"/policy.rego"] = &fstest.MapFile{Data: []byte(policyText(pkg, p.metadata(), p.text()))}
	}
	pack, err := Load(context.Background(), fsys, LoadOptions{KeepGoing: true})
	if err != nil {
		t.Fatalf("seed %d: %v", s.seed, err)
	}
	return pack
}

// patient is a watchdog that lets a busy machine take its time.
func patient(time.Duration, func()) func() { return func() {} }

// keep drops the policies that the engine refused: OPA's type checker knows
// that a few conditions can never hold.
func (s *trial) keep(t testing.TB, pack *Pack) {
	t.Helper()
	all := len(s.policies)
	s.policies = slices.DeleteFunc(s.policies, func(p *madePolicy) bool {
		return !slices.ContainsFunc(pack.Policies, func(q *Policy) bool { return nameOf(q.Package) == p.name })
	})
	if lost := all - len(s.policies); lost > all/10 {
		t.Fatalf("seed %d: %d of %d policies do not compile: %v", s.seed, lost, all, pack.Problems)
	}
}

func (p *madePolicy) metadata() string {
	text := fmt.Sprintf("id: CRD-0%s\nseverity: low\nresponse: alert", p.name[1:])
	if p.suppress {
		text += fmt.Sprintf("\nsuppress: %ds", suppressMillis/1000)
	}
	if p.windowed {
		text += "\nwindows:\n  w_" + p.name + ": {kind: count, by: [input.device.uid, input.k], over: 24h}"
	}
	return text
}

// event is the next event.
func (s *trial) event() cordon.Event {
	s.n++
	return at(float64(s.n), s.eventBody(s.policies))
}

// next compares the engine with OPA on one more event.
func (s *trial) next(t testing.TB) {
	t.Helper()
	ev := s.event()
	want, got := s.opa.says(t, ev), findingsOf(t, s.engine, ev)
	s.found += len(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("seed %d, event %d, %s (-OPA +engine):\n%s\n%s", s.seed, s.n, ev.Body, d, s.textOf(either(want, got)))
	}
}

// either is what stands in one of a and b alone.
func either(a, b []string) []string {
	only := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
	}
	return append(only(a, b), only(b, a)...)
}

// findingsOf is what e finds in ev, as plainOPA writes it.
func findingsOf(t testing.TB, e *Engine, ev cordon.Event) []string {
	t.Helper()
	found, err := e.Evaluate(context.Background(), ev)
	if err != nil {
		t.Fatalf("Evaluate(%s) = %v", ev.Body, err)
	}
	var out []string
	for _, f := range found {
		evidence := "null"
		if f.Evidence != nil {
			text, err := json.Marshal(f.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			evidence = string(text)
		}
		out = append(out, nameOf(f.Policy.Package)+": "+f.Summary+" "+evidence)
	}
	slices.Sort(out)
	return out
}

// nameOf is the last part of a package.
func nameOf(pkg string) string { return pkg[strings.LastIndex(pkg, ".")+1:] }

// textOf is the text of the policies that findings are of.
func (s *trial) textOf(findings []string) string {
	var b strings.Builder
	for _, p := range s.policies {
		if slices.ContainsFunc(findings, func(f string) bool { return strings.HasPrefix(f, p.name+":") }) {
			b.WriteString(p.metadata() + "\n\n" + p.text() + "\n")
		}
	}
	return b.String()
}

// report says what the trial was worth, and fails if it was worth little.
func (s *trial) report(t testing.TB) {
	t.Helper()
	var asked, all int64
	s.counts.Each(func(_ string, n *PolicyCounts) {
		asked += n.Candidates.Load() + n.Observed.Load()
		all += s.counts.Events.Load()
	})
	t.Logf("%d policies, %d events, %d findings, %.2f %% of evaluations asked OPA", len(s.policies), s.n, s.found, 100*float64(asked)/float64(all))
	if s.found*10 < s.n {
		t.Errorf("seed %d: %d findings in %d events; want the events to be about the policies", s.seed, s.found, s.n)
	}
	if asked*3 > all {
		t.Errorf("seed %d: %d of %d evaluations asked OPA; want most decided natively", s.seed, asked, all)
	}
}
