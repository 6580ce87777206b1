package respond

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/tracing"
)

// appendStep makes a step durable. It retries until ctx ends, so that an error
// only means that ctx ended. A step may land twice; the fold ignores the second.
type appendStep func(ctx context.Context, a cordon.Action) error

// dispatcher carries out the actions of one partition. Each step that the fold
// accepted starts what has to follow from it, in a goroutine of its own for
// each device, and ends what went on for that device before: deliver the apply,
// hold until the lease ends, deliver the release. What follows ends by
// appending the next step, which does nothing until it is read back.
//
// There are as many goroutines as open actions; those that wait to deliver or
// hold cost memory alone, since only slots bound what goes on at a time.
type dispatcher struct {
	crew
	append appendStep
	lanes  map[cordon.DeviceID]*lane // owner: the goroutine that calls step and stop
}

// crew is what all dispatchers of a process share.
type crew struct {
	enforcer Enforcer
	applies  chan struct{} // slots: attempts at a time
	releases chan struct{} // of their own, so that a release never waits behind applies
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics
	traces   *tracing.Tracer
}

func newCrew(e Enforcer, parallel int, now func() time.Time, log *slog.Logger, m *metrics) crew {
	return crew{
		enforcer: e, now: now, log: log, metrics: m,
		applies: make(chan struct{}, parallel), releases: make(chan struct{}, parallel),
	}
}

// lane is what goes on for one device.
type lane struct {
	step      cordon.Action
	contested atomic.Bool // another process decided the same
	cancel    context.CancelFunc
	done      chan struct{}
}

func (c crew) dispatcher(f appendStep) *dispatcher {
	return &dispatcher{crew: c, append: f, lanes: make(map[cordon.DeviceID]*lane)}
}

// step starts what follows from a, which was read from the log and accepted by
// the fold.
func (d *dispatcher) step(ctx context.Context, a cordon.Action, from Origin) {
	d.end(a.Device)
	if closes(a.State) {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &lane{step: a, cancel: cancel, done: make(chan struct{})}
	d.lanes[a.Device] = l
	go func() {
		defer close(l.done)
		defer cancel()
		next, err := d.follow(ctx, l, from)
		if err == nil {
			err = d.append(ctx, next)
		}
		if err != nil && ctx.Err() == nil {
			d.log.Error("action stands still until the partition is assigned anew", "action", a.ID, "device", a.Device, "error", err)
		}
	}()
}

// ignored takes a step that the fold did not accept. The repetition of an
// intent shows that another process acts on it too.
func (d *dispatcher) ignored(a cordon.Action) {
	if l := d.lanes[a.Device]; l != nil && repeats(l.step, a) {
		l.contested.Store(true)
	}
}

// repeats reports whether b is a once more, decided by another process or
// appended twice.
func repeats(a, b cordon.Action) bool {
	return a.State == cordon.ApplyIntended && b.State == a.State && b.ID == a.ID
}

// end stops what goes on for device and waits for it.
func (d *dispatcher) end(device cordon.DeviceID) {
	if l := d.lanes[device]; l != nil {
		l.cancel()
		<-l.done
		delete(d.lanes, device)
	}
}

// stop ends everything.
func (d *dispatcher) stop() {
	for _, l := range d.lanes {
		l.cancel()
	}
	for device := range d.lanes {
		d.end(device)
	}
}

// follow does what the step of l calls for and returns the step that comes
// after it, or the error of ctx.
func (d *dispatcher) follow(ctx context.Context, l *lane, from Origin) (cordon.Action, error) {
	a := l.step
	switch a.State {
	case cordon.ApplyIntended:
		return d.deliver(ctx, l, from, d.applies, d.apply)
	case cordon.ReleaseIntended:
		return d.deliver(ctx, l, from, d.releases, d.enforcer.Release)
	}
	if err := d.sleepUntil(ctx, a.Until); err != nil {
		return a, err
	}
	return releaseIntended(a, d.now(), "lease", "the lease ended"), nil
}

// attemptFunc makes one attempt at the operation of a step.
type attemptFunc func(context.Context, cordon.Action) error

// apply makes an attempt that is given up when the lease ends.
func (c crew) apply(ctx context.Context, a cordon.Action) error {
	ctx, cancel := context.WithTimeout(ctx, a.Until.Sub(c.now()))
	defer cancel()
	return c.enforcer.Apply(ctx, a)
}

// deliver makes attempts until one decides.
func (c crew) deliver(ctx context.Context, l *lane, from Origin, slots chan struct{}, do attemptFunc) (cordon.Action, error) {
	t := attemptsAt(l.step, from, c.now())
	for again := t.first; ; {
		if err := c.sleepUntil(ctx, again); err != nil {
			return l.step, err
		}
		failure, err := c.attempt(ctx, t, slots, do)
		if err != nil {
			return l.step, err
		}
		if l.contested.Load() {
			t.contested()
		}
		var next cordon.Action
		if next, again = t.result(failure, c.now()); again.IsZero() {
			return next, nil
		}
		c.note(t)
	}
}

// attempt makes one attempt when a slot is free, unless it is too late then.
func (c crew) attempt(ctx context.Context, t *attempts, slots chan struct{}, do attemptFunc) (failure, err error) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t.late(c.now()) {
		return errLate, nil
	}
	start := c.now()
	ctx, end := c.traces.Span(ctx, string(t.step.State), trace.SpanKindClient, attribute.String("cordon.action.id", string(t.step.ID)))
	failure = do(ctx, t.step)
	end(failure)
	c.metrics.attempt(t.step.State, failureLabel(failure), c.now().Sub(start))
	return failure, ctx.Err()
}

// note logs the first failure of an operation and, of releases, each one at
// the longest wait: a device that cannot be released is worse than one that
// cannot be contained.
func (c crew) note(t *attempts) {
	level := slog.LevelDebug
	switch {
	case t.step.State == cordon.ReleaseIntended && releaseWait(t.n) == longestWait:
		level = slog.LevelError
	case t.n == 1:
		level = slog.LevelWarn
	}
	c.log.Log(context.Background(), level, "attempt failed, will be repeated", "step", t.step.State,
		"device", t.step.Device, "action", t.step.ID, "op", t.step.Op, "attempt", t.n, "error", t.last)
}

// sleepUntil returns nil at t, or the error of ctx. It looks at the clock at
// least every half minute, since clocks are set and machines are suspended.
func (c crew) sleepUntil(ctx context.Context, t time.Time) error {
	for {
		left := t.Sub(c.now())
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, 30*time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
