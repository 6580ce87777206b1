package main

import (
	"fmt"
	"slices"
)

// judge lists why the run has failed, if it has.
func (r *Result) judge(o options) {
	r.By = map[string]int{}
	for _, i := range r.Injected {
		r.By[i.Card]++
	}
	for _, d := range r.Report.Defects {
		if d.Count > 0 {
			r.fail("%s: %s: %d", d.Kind, d.Of, d.Count)
		}
	}
	if r.Settled != "" {
		r.fail("not settled: %s", r.Settled)
	}
	for _, e := range r.Ended {
		r.fail("ended by itself: %s", e)
	}
	if r.Kills < o.kills*4/5 { // a few sites may not be reached before the load ends
		r.fail("%d kills; want %d", r.Kills, o.kills)
	}
	if o.allWrites {
		for _, s := range r.Unstruck {
			r.fail("%s", s)
		}
	}
	if !o.noRecovery {
		r.recovered()
	}
	if o.steadyLimit > 0 {
		r.steady(o)
	}
}

func (r *Result) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// recovered judges the recovery times, and that there are some.
func (r *Result) recovered() {
	for _, x := range r.Recoveries {
		if !x.OK {
			r.fail("recovery: %s", x)
		}
	}
	for _, x := range r.Unmeasured {
		r.fail("recovery: %s", x)
	}
	for _, x := range unmeasured(r.Recoveries) {
		r.fail("recovery: not measured: %s", x)
	}
}

// steady judges the weights of a run in which nothing goes wrong. All instances
// have one, if of no samples.
func (r *Result) steady(o options) {
	least := max(r.Rounds/2, 2)
	for name, x := range r.Weights {
		if x.Samples < least {
			r.fail("%s was weighed %d times in %d rounds; want %d", name, x.Samples, r.Rounds, least)
			continue
		}
		if x.GoroutinesPerMinute > o.steadyLimit {
			r.fail("%s gains %.1f goroutines a minute", name, x.GoroutinesPerMinute)
		}
		if x.MiBPerMinute > o.steadyMiB {
			r.fail("%s gains %.1f MiB a minute", name, x.MiBPerMinute)
		}
	}
	slices.Sort(r.Failures)
}
