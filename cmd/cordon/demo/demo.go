package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// site is the cordon that the demo plays to.
type site struct {
	kafka  wkafka.Config
	topics cordon.Topics
	play   string // page to type SQL in
	own    bool   // it was started for the demo and ends with it
}

// demo is one run.
type demo struct {
	Options
	site
	screen *screen
	now    func() time.Time
	player *player
	watch  *watcher
	meter  *lag.Meter
	begun  time.Time
	ends   map[string][]int64 // of events and rejected, at the start
}

func newDemo(o Options, s site, screen *screen, now func() time.Time) (*demo, error) {
	to, err := stream.NewAppender(s.kafka, now)
	if err != nil {
		return nil, err
	}
	f := fleet.New(o.Seed, o.Devices)
	known := map[cordon.DeviceID]bool{}
	for _, d := range f.Inventory(fleet.Plan{}) {
		known[d.ID] = true
	}
	return &demo{
		Options: o, site: s, screen: screen, now: now, meter: lag.NewMeter(s.kafka),
		player: &player{kafka: s.kafka, topics: s.topics, to: to, fleet: f, now: now, begins: screen.attack},
		watch:  newWatcher(s.kafka, s.topics, known, screen.found),
	}, nil
}

func (d *demo) close() {
	d.player.to.Close()
	d.meter.Close()
}

// run plays until ctx ends, or with Once until all that was contained is free
// again, and shows the summary.
func (d *demo) run(ctx context.Context) error {
	d.begun = d.now()
	d.screen.fleet(d.player.fleet, d.Options)
	if err := d.watch.start(ctx); err != nil {
		return err
	}
	var err error
	if d.ends, err = d.outcome(ctx); err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, watching := errgroup.WithContext(watching)
	g.Go(func() error { return d.watch.run(watching) })
	if err = d.stage(ctx); ctx.Err() != nil && !d.Once {
		err = nil // ctrl-C is how the demo ends
	}
	d.summarise(context.WithoutCancel(ctx))
	stop()
	if watched := g.Wait(); err == nil && !errors.Is(watched, context.Canceled) {
		err = watched
	}
	return err
}

func (d *demo) stage(ctx context.Context) error {
	round, err := d.player.round(ctx)
	if err != nil {
		return err
	}
	plan, err := d.plan(d.now(), round)
	if err != nil {
		return err
	}
	if d.Once {
		limited, cancel := context.WithTimeoutCause(ctx, d.Limit, fmt.Errorf("not done within %s", d.Limit))
		defer cancel()
		return d.once(limited, plan)
	}
	if err := d.first(ctx, plan); err != nil {
		return err
	}
	d.screen.printf("  %s   the hour is over; from here on time goes as it does, an attack every %s. ctrl-C ends the demo\n",
		d.screen.style.Strong("live"), (liveSpan / 9).Round(10*time.Second))
	for ctx.Err() == nil {
		plan = next(plan)
		if err := d.player.play(ctx, plan, func(int) pace.Speed { return pace.Original }); err != nil {
			return err
		}
	}
	return nil
}

// first plays the first hour.
func (d *demo) first(ctx context.Context, plan fleet.Plan) error {
	if err := d.player.enrol(ctx, plan); err != nil {
		return err
	}
	return d.player.play(ctx, plan, func(n int) pace.Speed { return d.speed(n, plan.Span) })
}

// once plays the first hour and waits for the end of all that follows from it.
func (d *demo) once(ctx context.Context, plan fleet.Plan) error {
	if err := d.first(ctx, plan); err != nil {
		return reason(ctx, err)
	}
	for _, s := range lag.Stages(d.topics)[:3] { // ingest, detect, respond
		if err := d.meter.Wait(ctx, s, nil); err != nil {
			return reason(ctx, err)
		}
	}
	ends, err := d.endsOf(ctx, d.topics.Findings(), d.topics.Actions())
	if err != nil {
		return reason(ctx, err)
	}
	for !d.over(ends) {
		if err := pace.Sleep(ctx, 50*time.Millisecond); err != nil {
			return reason(ctx, d.unfinished())
		}
	}
	return d.failure()
}

// reason adds to err why ctx ended.
func reason(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}

// over reports whether everything has been seen and come to its end.
func (d *demo) over(ends map[string][]int64) bool {
	open := 0
	d.watch.look(func(t *tally) { open = t.open() })
	return open == 0 && d.watch.caughtUp(ends)
}

func (d *demo) unfinished() (err error) {
	d.watch.look(func(t *tally) { err = fmt.Errorf("%d quarantines have not come to their end", t.open()) })
	return err
}

// failure is an error unless something was contained and is free again.
func (d *demo) failure() (err error) {
	d.watch.look(func(t *tally) {
		switch {
		case len(t.findings) == 0:
			err = errors.New("no policy found anything: are they loaded? see the start of `cordon up`")
		case len(t.actions) == 0:
			err = errors.New("nothing was contained: no finding asked for a quarantine")
		case t.released() == 0:
			err = errors.New("nothing that was contained is free again: see `cordon tap actions --from start --exit -o line`")
		}
	})
	return err
}

// outcome returns where the topics end that the raw records end up in.
func (d *demo) outcome(ctx context.Context) (map[string][]int64, error) {
	return d.endsOf(ctx, d.topics.Events(), d.topics.Rejected())
}

func (d *demo) endsOf(ctx context.Context, topics ...string) (map[string][]int64, error) {
	out := map[string][]int64{}
	for _, t := range topics {
		e, err := wkafka.EndOffsets(ctx, d.kafka, t)
		if err != nil {
			return nil, err
		}
		out[t] = e
	}
	return out, nil
}

// summarise shows what came of it all. A broker that is gone must not keep the
// demo from ending.
func (d *demo) summarise(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m := summary{sent: d.player.sent.Load(), took: d.now().Sub(d.begun), site: d.site}
	if ends, err := d.outcome(ctx); err == nil {
		m.accepted = grown(d.ends[d.topics.Events()], ends[d.topics.Events()])
		m.rejected = grown(d.ends[d.topics.Rejected()], ends[d.topics.Rejected()])
	}
	d.watch.look(func(t *tally) { d.screen.summary(m, t) })
}

func grown(from, to []int64) int64 {
	var n int64
	for i := range to {
		n += to[i] - from[i]
	}
	return n
}
