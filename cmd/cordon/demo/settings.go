// Package demo is `cordon demo`: a simulated site with attacks, and what cordon
// does about them, as it happens.
package demo

import (
	"fmt"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
)

// Options say what to simulate.
type Options struct {
	Seed    uint64
	Devices int
	Start   string // RFC 3339; empty: an hour ago
	Rate    int    // events per second of the first hour; 0: as fast as they are taken
	Once    bool   // end when the first hour is played and all it contained are free again
	Limit   time.Duration
}

const (
	firstSpan = time.Hour        // of site time, played fast
	liveSpan  = 15 * time.Minute // of each round after it, played as time goes
)

// plan returns the first hour.
func (o Options) plan(now time.Time, round int) (fleet.Plan, error) {
	p := fleet.Plan{Start: now.Add(-firstSpan).UTC().Truncate(time.Second), Span: firstSpan, Round: round}
	if o.Start == "" {
		return p, nil
	}
	at, err := time.Parse(time.RFC3339, o.Start)
	if err != nil {
		return p, fmt.Errorf("start %q: want a time such as 2026-03-01T09:00:00Z", o.Start)
	}
	p.Start, p.Round = at.UTC(), 0
	return p, nil
}

// next is the round of site time after p.
func next(p fleet.Plan) fleet.Plan {
	return fleet.Plan{Start: p.Start.Add(p.Span), Span: liveSpan, Round: p.Round + 1}
}

// runs keeps the rounds of different runs apart.
const runs = 1000

// speed plays n events of a span at o.Rate events per second.
func (o Options) speed(n int, span time.Duration) pace.Speed {
	if o.Rate <= 0 {
		return pace.Max
	}
	return pace.Speed(span.Seconds() * float64(o.Rate) / float64(n))
}
