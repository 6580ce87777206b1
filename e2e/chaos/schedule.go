package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/plan"
)

// scheduler draws cards so that kills and other mishaps are spread evenly over
// the time that a run has.
type scheduler struct {
	w             *world
	kills, others *plan.Deck
	rand          *rand.Rand
	drawn         int // other cards
}

func newScheduler(w *world, seed uint64) *scheduler {
	return &scheduler{
		w: w, rand: rand.New(rand.NewPCG(seed, 3)), //nolint:gosec // it is to be repeatable
		kills:  plan.NewDeck(plan.Kills(), seed),
		others: plan.NewDeck(plan.Others(plan.Setup{Leaders: w.brokers.move != nil}), seed+1),
	}
}

const (
	scheduleEvery = 100 * time.Millisecond
	maxArmed      = 6 // cards that wait for their site at a time and kill nobody
)

// run lets kills processes be killed, and twice as many other things go wrong,
// spread over span, and goes on until so many were killed. It ends when ctx
// does.
func (s *scheduler) run(ctx context.Context, kills int, span time.Duration) {
	d := s.w.director
	before := d.killed()
	tick := time.NewTicker(scheduleEvery)
	defer tick.Stop()
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		done := d.killed() - before
		part := min(time.Since(begun).Seconds()/span.Seconds(), 1)
		if done >= kills && part == 1 {
			return
		}
		due := int(float64(kills)*part) + 1
		armedKills, armedOthers, late := d.waiting()
		s.again(late)
		if done+armedKills < min(due, kills) {
			s.play(ctx, s.kills.Next())
		}
		if kills > 0 && s.drawn < 2*due && armedOthers < maxArmed {
			s.drawn++
			s.play(ctx, s.others.Next())
		}
	}
}

// again puts kills whose site was not reached back into the deck.
func (s *scheduler) again(late []plan.Card) {
	for _, c := range late {
		if c.Act == plan.Kill {
			s.kills.Return(c)
		}
	}
}

// play does what c says, or lets it wait for its site.
func (s *scheduler) play(ctx context.Context, c plan.Card) {
	if c.When != plan.Random {
		s.arm(c)
		return
	}
	if c.Act == plan.Move {
		s.move(ctx, c)
		return
	}
	all := s.w.of(c.Site.Service)
	inst := all[s.rand.IntN(len(all))]
	if c.Act == plan.End { // busy it would be for all that it does in its end
		s.w.director.wg.Go(func() { s.w.director.strike(c, inst) })
		return
	}
	if inst.busy.CompareAndSwap(false, true) {
		s.w.director.wg.Go(func() {
			defer inst.busy.Store(false)
			s.w.director.strike(c, inst)
		})
	}
}

// arm lets c wait for its site, and sees to it that one is reached that is rare
// unless partitions move.
func (s *scheduler) arm(c plan.Card) {
	d := s.w.director
	if !plan.Moving(c.Site.Op) {
		d.arm(c)
		return
	}
	c.Skip = 0 // it is reached once for each that moves
	d.arm(c)
	all := s.w.of(c.Site.Service)
	for _, n := range s.rand.Perm(len(all)) { // the first that has something to give back
		if inst := all[n]; !inst.busy.Load() && len(s.w.busy(inst.name)) > 0 {
			end := plan.Card{Site: plan.Site{Service: c.Site.Service}, When: plan.Random, Act: plan.End}
			d.wg.Go(func() { d.strike(end, inst) })
			return
		}
	}
}

// move makes another node a leader; when that takes long, because a node is
// down, other things go wrong meanwhile.
func (s *scheduler) move(ctx context.Context, c plan.Card) {
	r := rand.New(rand.NewPCG(s.rand.Uint64(), 5)) //nolint:gosec // as above
	s.w.director.wg.Go(func() {
		what, err := s.w.brokers.move(ctx, r)
		if err != nil {
			s.w.brokers.nodes[0].note(err.Error())
			return
		}
		s.w.director.note(c, what, 0, 0)
	})
}

// of are the instances of a service, the broker or the store.
func (w *world) of(service string) []*instance {
	switch service {
	case "broker":
		return w.brokers.nodes
	case "store":
		return []*instance{w.store}
	}
	var all []*instance
	for _, s := range w.services {
		if s.service == service {
			all = append(all, s)
		}
	}
	return all
}
