package demo

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/pace"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// player sends what a fleet reports.
type player struct {
	kafka  wkafka.Config
	topics cordon.Topics
	to     *stream.Appender
	fleet  fleet.Fleet
	now    func() time.Time
	begins func(fleet.Attack) // hears of each attack when it begins
	sent   atomic.Int64
}

// round returns the number of the next run: attacks of each run hit other
// devices, because a policy does not repeat itself about the same one. The log
// knows how many runs there were.
func (p *player) round(ctx context.Context) (int, error) {
	topic, last := p.topics.Devices(), -1
	parts, err := wkafka.Partitions(ctx, p.kafka, topic)
	if err != nil {
		return 0, err
	}
	for part := range parts {
		_, err := stream.Replay(ctx, p.kafka, topic, part, 0, -1, func(r cordon.Record) error {
			d, err := cordon.DeviceOf(r)
			if n, bad := strconv.Atoi(d.Labels[fleet.RoundLabel]); err == nil && bad == nil {
				last = max(last, n)
			}
			return nil // what is no device of the demo does not matter
		})
		if err != nil {
			return 0, err
		}
	}
	if last < 0 {
		return 0, nil
	}
	return (last/runs + 1) * runs, nil
}

const inventoryBatch = 200

// enrol writes the inventory and returns when ingest knows all of it.
func (p *player) enrol(ctx context.Context, plan fleet.Plan) error {
	var recs []cordon.Record
	for _, d := range p.fleet.Inventory(plan) {
		r, err := d.Record()
		if err != nil {
			return err
		}
		recs = append(recs, r)
	}
	last := map[int]cordon.DeviceID{} // of each partition
	for len(recs) > 0 {
		n := min(inventoryBatch, len(recs))
		at, err := p.to.Append(ctx, p.topics.Devices(), recs[:n]...)
		if err != nil {
			return fmt.Errorf("inventory: %w", err)
		}
		for i, pos := range at {
			last[pos.Partition] = cordon.DeviceID(recs[i].Key)
		}
		recs = recs[n:]
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, id := range last {
		g.Go(func() error { return p.greet(ctx, id, plan.Start) })
	}
	return g.Wait()
}

const greetEvery = 100 * time.Millisecond

// greet lets the device id report until an event comes out under its name.
func (p *player) greet(ctx context.Context, id cordon.DeviceID, at time.Time) error {
	e, ok := p.fleet.Greeting(id, at)
	if !ok {
		return nil // a server: the devices after it tell as well
	}
	ctx, heard := context.WithCancel(ctx)
	defer heard()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.hear(ctx, id, heard) })
	for ctx.Err() == nil {
		if err := p.send(ctx, []fleet.Event{e}); err != nil && ctx.Err() == nil {
			return err
		}
		_ = pace.Sleep(ctx, greetEvery)
	}
	return g.Wait()
}

// hear calls heard when there is an event of id.
func (p *player) hear(ctx context.Context, id cordon.DeviceID, heard func()) error {
	topic := p.topics.Events()
	ends, err := wkafka.EndOffsets(ctx, p.kafka, topic)
	if err != nil {
		return err
	}
	part := wkafka.PartitionOf([]byte(id), len(ends))
	return stream.Follow(ctx, p.kafka, topic, part, ends[part], func(r cordon.Record) error {
		if r.Key == string(id) {
			heard()
		}
		return nil
	})
}

const (
	playBatch = 500
	soon      = 5 * time.Millisecond // what is due this soon is sent with what is due now
)

// play sends the traffic of plan at speed.
func (p *player) play(ctx context.Context, plan fleet.Plan, speed func(n int) pace.Speed) error {
	attacks := map[string]fleet.Attack{}
	for _, a := range p.fleet.Attacks(plan) {
		attacks[a.Name] = a
	}
	events := p.fleet.Traffic(plan)
	clock := pace.NewPlayer(speed(len(events)), p.now)
	for len(events) > 0 {
		n := 0
		for n < min(playBatch, len(events)) && clock.Until(events[n].At) <= soon {
			n++
		}
		for _, e := range events[:n] {
			if a, ok := attacks[e.Attack]; ok {
				p.begins(a)
				delete(attacks, e.Attack)
			}
		}
		if err := p.send(ctx, events[:n]); err != nil {
			return err
		}
		if events = events[n:]; len(events) > 0 {
			if err := pace.Sleep(ctx, clock.Until(events[0].At)); err != nil {
				return err
			}
		}
	}
	return nil
}

// send appends events to the raw topics of their formats.
func (p *player) send(ctx context.Context, events []fleet.Event) error {
	recs := map[string][]cordon.Record{}
	for _, e := range events {
		recs[e.Format] = append(recs[e.Format], cordon.Record{Key: e.Key, Value: e.Value})
	}
	for _, format := range cordon.Formats() {
		if len(recs[format]) == 0 {
			continue
		}
		if _, err := p.to.Append(ctx, p.topics.Raw(format), recs[format]...); err != nil {
			return fmt.Errorf("%s: %w", p.topics.Raw(format), err)
		}
		p.sent.Add(int64(len(recs[format])))
	}
	return nil
}
