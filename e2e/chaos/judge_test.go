package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/e2e/chaos/check"
)

// sound is the result of a run in which nothing is wrong.
func sound() *Result {
	r := &Result{Kills: 10, Rounds: 100, Report: &check.Report{}, Weights: map[string]Weight{"detect-1": {Samples: 80}}}
	for _, how := range ways() {
		for _, stage := range []string{"raw", "history", "detect", "respond"} {
			r.Recoveries = append(r.Recoveries, Recovery{How: how, Stage: stage, Partitions: 1, OK: true})
		}
	}
	return r
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(*Result)
		want []string
	}{
		{"sound", func(*Result) {}, nil},
		{"a defect", func(r *Result) {
			r.Report.Defects = []check.Defect{{Kind: check.Lost, Of: "rows", Count: 2}}
		}, []string{"lost: rows: 2"}},
		{"not settled", func(r *Result) { r.Settled = "x" }, []string{"not settled: x"}},
		{"a program ended", func(r *Result) { r.Ended = []string{"x"} }, []string{"ended by itself: x"}},
		{"few kills", func(r *Result) { r.Kills = 7 }, []string{"7 kills; want 10"}},
		{"a write without a kill", func(r *Result) { r.Unstruck = []string{"x: never"} }, []string{"x: never"}},
		{"no recovery of a stage", func(r *Result) {
			r.Recoveries = slices.DeleteFunc(r.Recoveries, func(x Recovery) bool { return x.Stage == "history" })
		}, []string{"recovery: not measured: clean stop of a reader of history", "recovery: not measured: kill -9 of a reader of history"}},
		{"recovery of no partition", func(r *Result) { r.Recoveries[0].Partitions = 0 }, []string{"recovery: not measured: kill -9 of a reader of raw"}},
		{"recovery failed", func(r *Result) { r.Unmeasured = []string{"x"} }, []string{"recovery: x"}},
		{"goroutines", func(r *Result) { r.Weights["detect-1"] = Weight{Samples: 80, GoroutinesPerMinute: 2} }, []string{"detect-1 gains 2.0 goroutines a minute"}},
		{"memory", func(r *Result) { r.Weights["detect-1"] = Weight{Samples: 80, MiBPerMinute: 5} }, []string{"detect-1 gains 5.0 MiB a minute"}},
		{"few samples", func(r *Result) { r.Weights["detect-1"] = Weight{Samples: 10} }, []string{"detect-1 was weighed 10 times in 100 rounds; want 50"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := sound()
			tc.do(r)
			r.judge(options{kills: 10, allWrites: true, steadyLimit: 1, steadyMiB: 4})
			if d := cmp.Diff(tc.want, r.Failures); d != "" {
				t.Errorf("judge (-want +got):\n%s", d)
			}
		})
	}
}

func TestWeightsHaveAllInstances(t *testing.T) {
	s := &sampler{w: &world{services: []*instance{{name: "ingest-1"}}}, rounds: 3}
	of, rounds := s.weights()
	if d := cmp.Diff(map[string]Weight{"ingest-1": {}}, of); d != "" || rounds != 3 {
		t.Errorf("weights() = %v, %d rounds; want one of no samples, 3", of, rounds)
	}
}

func TestStandstill(t *testing.T) {
	l := newLedger()
	k := ledgerKey{"g", "events", 1}
	l.paces[k] = &pace{}
	begun := time.Unix(0, 0)
	for _, at := range []time.Duration{1, 2, 5, 6} {
		l.paces[k].commits(begun.Add(at * time.Second))
	}
	l.close(begun.Add(8 * time.Second))
	all := l.standstills([]string{"events"})
	if len(all) != 1 || all[0].Seconds != 3 || all[0].Group != "g" {
		t.Errorf("standstills = %v; want one of 3 s", all)
	}
	if other := l.standstills([]string{"raw"}); other != nil {
		t.Errorf("standstills of another topic = %v; want none", other)
	}
	if w := worst(append(all, Standstill{Group: "g"}, Standstill{Group: "h"})); len(w) != 2 {
		t.Errorf("worst = %v; want one for each group", w)
	}
}
