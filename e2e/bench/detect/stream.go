package main

import (
	"fmt"

	"github.com/cordon-iot/cordon"
)

const (
	streamLength = 8000
	alertEvery   = 200 // 0.5 %
)

// streams are the events of one measurement: calm ones that no rule matches,
// and the same with an event in 200 that exactly one rule matches.
type streams struct {
	calm, alerting []cordon.Event
	dropped        float64 // share of everyday events that some rule matched after all
}

// newStreams draws length events about s. probe tells the alerts on one; those
// that are meant to alert are made for one of the first firing rules.
func newStreams(g *gen, s ruleset, length, firing int, probe evaluate) (streams, error) {
	d := drawer{gen: g, set: s, probe: probe}
	var out streams
	for len(out.calm) < length {
		ev, err := d.draw(0, func(*fact) {})
		if err != nil {
			return out, err
		}
		out.calm = append(out.calm, ev)
	}
	out.dropped = 1 - float64(length)/float64(d.drawn)
	out.alerting = append(out.alerting, out.calm...)
	for i := alertEvery / 2; i < length; i += alertEvery {
		ev, err := d.firing(s.rules[:firing])
		if err != nil {
			return out, err
		}
		out.alerting[i] = ev
	}
	return out, nil
}

type drawer struct {
	*gen
	set   ruleset
	probe evaluate
	drawn int
}

const mostDraws = 1000

// firing draws an event that one rule alone matches.
func (d *drawer) firing(rules []rule) (cordon.Event, error) {
	return d.draw(1, func(f *fact) {
		r := rules[d.IntN(len(rules))]
		f.class = r.class
		f.traffic(d.gen)
		r.fire(f)
	})
}

// draw draws events, changed by change, until one has that many alerts.
func (d *drawer) draw(alerts int, change func(*fact)) (cordon.Event, error) {
	for range mostDraws {
		d.drawn++
		f := d.fact(d.set.site, d.drawn)
		change(&f)
		ev, err := d.event(&f)
		if err != nil {
			return ev, err
		}
		n, err := d.probe(&ev)
		if err != nil || n == alerts {
			return ev, err
		}
	}
	return cordon.Event{}, fmt.Errorf("none of %d %s events has %d alerts", mostDraws, d.set.form.name, alerts)
}

func (d *drawer) event(f *fact) (cordon.Event, error) {
	body, err := d.set.form.encode(f)
	return cordon.Event{
		ID: cordon.NewEventID("bench", body), Device: cordon.DeviceID(f.device.id), Class: f.class.info().topic,
		Source: "/sensors/bench", Body: body,
	}, err
}
