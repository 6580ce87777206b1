package respond

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// partition answers the findings of one partition and carries out the actions
// of the partition of the same number.
type partition struct {
	rules    Rules
	topic    string // actions
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics
	dispatch *dispatcher

	mu     sync.Mutex // the step decides while the follower folds
	state  *State
	traces traces
}

// Apply decides on one finding. It implements stream.Step.
func (p *partition) Apply(_ context.Context, in cordon.Record) ([]stream.Output, error) {
	f, err := cordon.FindingOf(in)
	if err != nil {
		return nil, &stream.RejectError{Reason: "finding.invalid", Err: err}
	}
	var out []stream.Output
	acts, answer := p.decide(f, in.Time)
	for _, a := range acts {
		rec, err := a.Record()
		if err != nil {
			return nil, err
		}
		rec.Time = a.At
		out = append(out, stream.Output{Topic: p.topic, Record: rec})
	}
	p.metrics.finding(answer)
	p.log.Debug("finding answered", "finding", f.ID, "device", f.Device, "policy", f.Policy.ID, "answer", answer)
	return out, nil
}

func (p *partition) decide(f cordon.Finding, logged time.Time) ([]cordon.Action, Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	acts, answer := p.rules.Decide(p.state, f, logged, p.now())
	for _, a := range acts {
		p.state.Expect(a)
	}
	return acts, answer
}

// fold takes a record of the actions topic and reports whether its step
// counts and how this process came to it.
func (p *partition) fold(rec cordon.Record) (a cordon.Action, from Origin, counts bool) {
	a, err := cordon.ActionOf(rec)
	if err != nil { // changes nothing for any reader; it stays in the log
		p.metrics.unreadable()
		p.log.Error("unreadable step of an action, skipped", "error", err)
		return a, Foreign, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from = Foreign
	if p.state.Own(a) {
		from = Own
	}
	before := len(p.state.open)
	counts = p.state.Fold(a)
	p.traces.note(rec, a, counts)
	p.metrics.folded(a, counts, len(p.state.open)-before)
	return a, from, counts
}

// follow carries on with the actions that the fold left open, then with what
// comes after offset from, until ctx ends.
func (p *partition) follow(ctx context.Context, k wkafka.Config, number int, from int64) error {
	defer func() { p.metrics.closed(len(p.open())) }()
	defer p.dispatch.stop()
	for _, a := range p.open() {
		p.dispatch.step(p.traced(ctx, a), a, Replayed)
	}
	return stream.Follow(ctx, k, p.topic, number, from, func(rec cordon.Record) error {
		p.take(ctx, rec)
		return nil
	})
}

// take acts on a record that was read back.
func (p *partition) take(ctx context.Context, rec cordon.Record) {
	a, from, counts := p.fold(rec)
	if !counts {
		p.dispatch.ignored(a)
		return
	}
	if a.State == cordon.Applied {
		p.metrics.appliedIn(a.At.Sub(a.Since))
	}
	p.logStep(a)
	p.dispatch.step(p.traced(ctx, a), a, from)
}

func (p *partition) open() []cordon.Action {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Open()
}

func (p *partition) logStep(a cordon.Action) {
	level := slog.LevelInfo
	if a.State == cordon.ApplyFailed {
		level = slog.LevelWarn
	}
	p.log.Log(context.Background(), level, "action", "step", a.State, "device", a.Device, "action", a.ID,
		"policy", a.Policy, "until", a.Until, "attempt", a.Attempt, "by", a.By, "reason", a.Reason)
}

// appender appends as long as this process holds the partition.
type appender interface {
	Append(ctx context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error)
}

// appendTo returns the appendStep of a topic.
func appendTo(app appender, topic string, log *slog.Logger, t *tracing.Tracer) appendStep {
	return func(ctx context.Context, a cordon.Action) error {
		rec, err := a.Record()
		if err != nil {
			return err
		}
		rec.Time = a.At
		rec.Headers = append(rec.Headers, t.Headers(ctx)...)
		for n := 1; ; n++ {
			_, err := app.Append(ctx, topic, rec)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			log.Warn("step not in the log yet, will be repeated", "action", a.ID, "step", a.State, "attempt", n, "error", err)
			if err := pause(ctx, releaseWait(n)); err != nil {
				return err
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// samePartitions makes sure that a device's findings and actions are in
// partitions of the same number, on which the order of its steps rests.
func samePartitions(ctx context.Context, k wkafka.Config, findings, actions string) error {
	f, err := wkafka.Partitions(ctx, k, findings)
	if err != nil {
		return fmt.Errorf("topic %s: %w", findings, err)
	}
	a, err := wkafka.Partitions(ctx, k, actions)
	if err != nil {
		return fmt.Errorf("topic %s: %w", actions, err)
	}
	if f != a {
		return fmt.Errorf("topic %s has %d partitions and %s has %d; create them with the same number", findings, f, actions, a)
	}
	return nil
}
