package main

import (
	"context"
	"fmt"
	"io"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// A group is all that is measured with one number of rules on one form of
// events: one race.
type group struct {
	options
	rules int
	form  form
	log   io.Writer

	sets    map[bool]ruleset // by whether there are windows
	packs   map[bool]*engine.Pack
	oneSet  map[bool]rego.PreparedEvalQuery
	perRule map[bool]rego.PreparedEvalQuery
	streams streams
	lanes   []*lane
}

// mostOneSet and mostPerRule are the numbers of rules up to which OPA takes
// part: one set of 10,000 rules takes minutes to compile, and a package a rule
// already takes a tenth of a second for each event at 1,000.
const (
	mostOneSet  = 1000
	mostPerRule = 1000
)

// mostDropped is the share of everyday events that may be left out because a
// rule happens to match.
const mostDropped = 0.05

// warm is enough to fill what the engine remembers of recent events.
const warm = engine.DefaultRecent + 2*streamLength

// measure runs the group's race. What contenders find is compared before.
func (g *group) measure(ctx context.Context) error {
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{{"compile", g.build}, {"draw events", g.draw}, {"compare alerts", g.check}, {"race", g.race}} {
		before := cpu()
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(g.log, "%s, %d rules: %s took %.1f s of CPU\n", g.form.name, g.rules, step.name, (cpu() - before).Seconds())
	}
	return nil
}

func (g *group) race(context.Context) error {
	g.enter()
	return race(g.lanes, g.rounds, g.slice)
}

func (g *group) build(ctx context.Context) error {
	drawing := newGen(g.seed)
	s := newSite(drawing)
	plain := ruleset{form: g.form, site: s, rules: drawing.rules(s, g.rules)}
	g.sets = map[bool]ruleset{false: plain, true: plain.withWindows(windows(), noAlert)}
	g.packs, g.oneSet, g.perRule = map[bool]*engine.Pack{}, map[bool]rego.PreparedEvalQuery{}, map[bool]rego.PreparedEvalQuery{}
	for with, set := range g.sets {
		if err := g.compile(ctx, with, set); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) draw(context.Context) (err error) {
	probe := cordonEngine(g.packs[false], false)
	g.streams, err = newStreams(newGen(g.seed+1), g.sets[false], streamLength, len(g.sets[true].rules), probe)
	if g.streams.dropped > mostDropped {
		return fmt.Errorf("%.1f %% of everyday events match a rule: calm events are no longer like them", 100*g.streams.dropped)
	}
	return err
}

func (g *group) compile(ctx context.Context, with bool, set ruleset) (err error) {
	if g.packs[with], err = set.load(ctx); err != nil {
		return err
	}
	if g.rules <= mostOneSet && (g.wants(oneSetName) || g.wants(tunedName)) {
		if g.oneSet[with], err = oneSet(ctx, set); err != nil {
			return err
		}
	}
	if g.rules <= mostPerRule && g.wants(perRuleName) {
		g.perRule[with], err = perRule(ctx, set)
	}
	return err
}

// check compares the engine with OPA on a sample: with the engine that leaves
// everything to OPA, which knows windows too, and with the other contenders.
func (g *group) check(context.Context) error {
	for with, pack := range g.packs {
		n := max(10, min(400, 40_000/g.rules)) // OPA takes 10 µs for each rule
		others := []other{{"OPA for each rule", cordonEngine(pack, true), n}}
		if q, ok := g.oneSet[with]; ok {
			others = append(others, other{oneSetName, usual(q), 400}, other{tunedName, tuned(q), 400})
		}
		if q, ok := g.perRule[with]; ok {
			others = append(others, other{perRuleName, usual(q), min(n, 10)})
		}
		for _, o := range others {
			if err := g.compare(cordonEngine(pack, false), o); err != nil {
				return err
			}
		}
	}
	return nil
}

// other is whom the engine is compared with, on that many events.
type other struct {
	name   string
	run    evaluate
	events int
}

func (g *group) compare(engine evaluate, o other) error {
	alerts, err := agree([2]string{engineName, o.name}, engine, o.run, sampleOf(g.streams.alerting, o.events))
	if err == nil && alerts != o.events/2 {
		err = fmt.Errorf("%d alerts on a sample of %d events that has %d", alerts, o.events, o.events/2)
	}
	return err
}

// enter makes the lanes, cheap ones first: those that allocate most then run
// just before the collection.
func (g *group) enter() {
	g.lane(floorName, false, floor)
	for _, with := range []bool{false, true} {
		g.lane(engineName, with, func() evaluate { return cordonEngine(g.packs[with], false) })
	}
	for _, with := range []bool{false, true} {
		if q, ok := g.oneSet[with]; ok {
			g.lane(tunedName, with, func() evaluate { return tuned(q) })
			g.lane(oneSetName, with, func() evaluate { return usual(q) })
		}
		if q, ok := g.perRule[with]; ok {
			g.lane(perRuleName, with, func() evaluate { return usual(q) })
		}
	}
}

// lane adds a contender on both streams, each with an evaluator of its own.
func (g *group) lane(name string, with bool, run func() evaluate) {
	if !g.wants(name) {
		return
	}
	for _, alerting := range []float64{0, 100.0 / alertEvery} {
		l := &lane{row: row{Contender: name, Rules: g.rules, Alerting: alerting, Event: g.form.name, Windows: with}, run: run(), every: 1, stream: g.streams.calm}
		if alerting > 0 {
			l.stream = g.streams.alerting
		}
		switch {
		case name == engineName:
			l.warm = warm
		case name == perRuleName && g.rules > 100:
			l.every = 8 // each event takes longer than all others together
		case name != floorName && with:
			l.every = 5 // no goal depends on it
		}
		g.lanes = append(g.lanes, l)
	}
}

// wants reports whether the user wants the contender; nothing works without
// floor and engine.
func (o options) wants(name string) bool {
	return name == floorName || name == engineName || o.filter.MatchString(name)
}
