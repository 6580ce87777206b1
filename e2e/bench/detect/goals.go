package main

import (
	"fmt"
	"io"
)

// goal is what a figure should reach.
type goal struct {
	what  string
	got   float64
	known bool // it was measured
	least bool // got should be at least want; else at most
	want  float64
}

func (g goal) reached() bool {
	if g.least {
		return g.got >= g.want
	}
	return g.got <= g.want
}

// goals are those of the detection engine, in the order in which they are
// printed; speedup is that of two goroutines, 0 if it was not measured.
func (rs results) goals(speedup float64) []goal {
	var out []goal
	for _, event := range []string{"flat", "ocsf"} {
		out = append(out, rs.floorGoals(event)...)
		out = append(out, rs.setGoals(event)...)
		out = append(out, rs.growthGoal(event))
		out = append(out, rs.windowGoals(event)...)
		out = append(out, rs.allocGoals(event)...)
	}
	return append(out, goal{what: "two goroutines to one", got: speedup, known: speedup > 0, least: true, want: 1.7})
}

// floorGoals: what detection may cost, as a multiple of parsing the event.
func (rs results) floorGoals(event string) (out []goal) {
	for _, g := range []struct {
		rules int
		want  float64
	}{{100, 1.5}, {1000, 2.0}, {10_000, 2.6}} {
		r, ok := rs.between(rs.find(engineName, g.rules, event, true, false), rs.find(floorName, g.rules, event, true, false))
		out = append(out, goal{fmt.Sprintf("%s: %d rules to the floor", event, g.rules), r, ok, false, g.want})
	}
	return out
}

// setGoals: how much faster than OPA as it is usually embedded.
func (rs results) setGoals(event string) (out []goal) {
	for _, g := range []struct {
		rules int
		want  float64
	}{{100, 25}, {1000, 60}} {
		r, ok := rs.between(rs.find(oneSetName, g.rules, event, true, false), rs.find(engineName, g.rules, event, true, false))
		out = append(out, goal{fmt.Sprintf("%s: over %s at %d rules", event, oneSetName, g.rules), r, ok, true, g.want})
	}
	return out
}

// growthGoal compares two races, so that it compares multiples of the floor.
func (rs results) growthGoal(event string) goal {
	multiple := func(rules int) (float64, bool) {
		return rs.between(rs.find(engineName, rules, event, true, false), rs.find(floorName, rules, event, true, false))
	}
	few, ok1 := multiple(10)
	many, ok2 := multiple(1000)
	return goal{event + ": growth from 10 to 1000 rules", many / few, ok1 && ok2, false, 1.8}
}

func (rs results) windowGoals(event string) (out []goal) {
	for _, rules := range []int{100, 1000} {
		r, ok := rs.between(rs.find(engineName, rules, event, true, true), rs.find(engineName, rules, event, true, false))
		out = append(out, goal{fmt.Sprintf("%s: six windows at %d rules", event, rules), r, ok, false, 1.25})
	}
	return out
}

// allocGoals: an event that matches nothing allocates nothing. The rest is for
// what happens once in many thousand events.
func (rs results) allocGoals(event string) (out []goal) {
	for _, rules := range []int{10, 100, 1000, 10_000} {
		g := goal{what: fmt.Sprintf("%s: allocations without a match, %d rules", event, rules), want: 0.0005}
		if l := rs.find(engineName, rules, event, false, false); l != nil {
			g.known, g.got = true, float64(l.allocs)/float64(max(l.events, 1))
		}
		out = append(out, g)
	}
	return out
}

func (rs results) between(a, b *lane) (float64, bool) {
	if a == nil || b == nil {
		return 0, false
	}
	return ratio(a.ns, b.ns), true
}

func writeGoals(w io.Writer, goals []goal) {
	for _, g := range goals {
		sign, verdict := "<=", "MISSED"
		if g.least {
			sign = ">="
		}
		if g.reached() {
			verdict = "PASS"
		}
		if !g.known {
			fmt.Fprintf(w, "  %-52s not measured (wanted %s %g)\n", g.what, sign, g.want)
			continue
		}
		fmt.Fprintf(w, "  %-52s %8.2f %s %g  %s\n", g.what, g.got, sign, g.want, verdict)
	}
}
