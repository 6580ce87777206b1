package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/plan"
)

// point is a place that a request of an instance has come to.
type point struct {
	inst *instance
	op   string
	when plan.When
}

// outcome is what becomes of the request at a point.
type outcome struct {
	act  plan.Act      // Cut, Late, Fail, Slow; "" lets it pass
	wait time.Duration // of Late and Slow
}

// answer does o to a request of HTTP, whose failure has text as its body. It
// reports whether the request is answered by that.
func (o outcome) answer(w http.ResponseWriter, text string) (answered bool) {
	switch o.act {
	case plan.Cut:
		panic(http.ErrAbortHandler)
	case plan.Fail:
		http.Error(w, text, http.StatusInternalServerError)
		return true
	case plan.Slow:
		time.Sleep(o.wait)
	}
	return false
}

// Injected is a thing that was made to go wrong.
type Injected struct {
	At       float64  `json:"at_s"` // since the run began
	Card     string   `json:"card"`
	Act      plan.Act `json:"act"`
	Instance string   `json:"instance"`
	Nth      int      `json:"nth,omitempty"` // which request of that kind of that instance it was
	For      float64  `json:"for_s,omitempty"`
}

// armed is a card that waits for its site to be reached.
type armed struct {
	plan.Card
	until time.Time
}

// patience is how long a card waits for its site.
const patience = 12 * time.Second

// director makes things go wrong.
type director struct {
	begun   time.Time
	session time.Duration
	hurt    func(card plan.Card, inst *instance) // told of each kill

	mu     sync.Mutex // guards what follows
	rand   *rand.Rand
	armed  []*armed
	counts map[string]int    // requests by instance and op
	seen   map[plan.Card]int // those by kill that could have struck, since start
	done   []Injected
	kills  int
	missed map[string]int // cards whose site was not reached, by name
	wg     sync.WaitGroup // restarts
	closed bool
}

func newDirector(session time.Duration, r *rand.Rand) *director {
	return &director{begun: time.Now(), session: session, rand: r, counts: map[string]int{}, seen: map[plan.Card]int{}, missed: map[string]int{}}
}

// start forgets the points seen before things go wrong.
func (d *director) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.seen)
}

// unstruck says at which writes nobody was killed.
func (d *director) unstruck() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	struck := map[string]int{}
	for _, i := range d.done {
		struck[i.Card]++
	}
	return plan.Unstruck(d.seen, struck)
}

// arm lets c wait for its site.
func (d *director) arm(c plan.Card) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = append(d.armed, &armed{c, time.Now().Add(patience)})
}

// waiting is how many cards are armed; late are those that have waited for too
// long and are so no more.
func (d *director) waiting() (kills, others int, late []plan.Card) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var left []*armed
	for _, a := range d.armed {
		switch {
		case time.Now().After(a.until):
			d.missed[a.String()]++
			late = append(late, a.Card)
			continue
		case a.Act == plan.Kill:
			kills++
		default:
			others++
		}
		left = append(left, a)
	}
	d.armed = left
	return kills, others, late
}

// disarm gives up what is armed and lets nothing more go wrong.
func (d *director) disarm() {
	d.mu.Lock()
	d.armed, d.closed = nil, true
	d.mu.Unlock()
	d.wg.Wait()
}

// killed is how many processes were killed.
func (d *director) killed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kills
}

// at is called by whoever sees a request at a point, and returns what becomes
// of it. It blocks while the instance is stopped, so that the request, or its
// answer, arrives after that.
func (d *director) at(p point) outcome {
	a, nth := d.match(p)
	if a == nil {
		return outcome{}
	}
	defer p.inst.busy.Store(false)
	wait := d.length(a.Act)
	d.note(a.Card, p.inst.name, nth, wait)
	switch a.Act {
	case plan.Kill:
		d.kill(a.Card, p.inst, wait)
		return outcome{act: plan.Cut}
	case plan.Stop, plan.Pause:
		p.inst.pause(wait)
		if a.Act == plan.Stop && p.when == plan.Before {
			// As if it had been stopped right before it wrote: what it finds
			// when it wakes is a connection that the broker has given up. A
			// request that the network holds for longer than a session is
			// beyond what leases can see; docs/DESIGN.md says so.
			return outcome{act: plan.Cut}
		}
		return outcome{}
	}
	return outcome{act: a.Act, wait: wait}
}

// strike does what c says to inst at once.
func (d *director) strike(c plan.Card, inst *instance) {
	wait := d.length(c.Act)
	d.note(c, inst.name, 0, wait)
	switch c.Act {
	case plan.Kill:
		d.kill(c, inst, wait)
	case plan.End:
		d.end(inst, wait)
	default:
		inst.pause(wait)
	}
}

// end ends an instance as a deployment does and starts it again after wait.
func (d *director) end(inst *instance, wait time.Duration) {
	if err := inst.life.(*process).quit(); err != nil {
		inst.note(err.Error())
		_ = inst.kill() // else nobody would start it
	}
	time.Sleep(wait)
	if err := inst.start(); err != nil {
		inst.note(err.Error())
	}
}

// match takes the card that p fulfils, if any, and makes its instance busy.
func (d *director) match(p point) (*armed, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := p.inst.name + " " + string(p.when) + " " + p.op
	d.counts[key]++
	d.seen[plan.Card{Site: plan.Site{Service: p.inst.service, Op: p.op}, When: p.when, Act: plan.Kill}]++
	for i, a := range d.armed {
		if a.Site.Service != p.inst.service || a.Site.Op != p.op || a.When != p.when {
			continue
		}
		if a.Skip > 0 {
			a.Skip--
			continue
		}
		if !p.inst.busy.CompareAndSwap(false, true) {
			continue
		}
		d.armed = append(d.armed[:i], d.armed[i+1:]...)
		return a, d.counts[key]
	}
	return nil, 0
}

// length is how long an act lasts.
func (d *director) length(a plan.Act) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	ms := func(from, to int) time.Duration {
		return time.Duration(from+d.rand.IntN(to-from)) * time.Millisecond
	}
	switch a {
	case plan.Stop:
		return d.session + ms(500, 4000)
	case plan.Pause:
		return min(ms(100, 2000), d.session/2)
	case plan.Late:
		return ms(50, 3000)
	case plan.Slow:
		return ms(1000, 12_000)
	case plan.Kill, plan.End: // until it is started again
		return ms(0, 2500)
	}
	return 0
}

func (d *director) note(c plan.Card, name string, nth int, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, Injected{
		At: time.Since(d.begun).Seconds(), Card: c.String(), Act: c.Act, Instance: name, Nth: nth, For: wait.Seconds(),
	})
	if c.Act == plan.Kill {
		d.kills++
	}
}

// kill kills an instance and starts it again after wait.
func (d *director) kill(c plan.Card, inst *instance, wait time.Duration) {
	if d.hurt != nil {
		d.hurt(c, inst)
	}
	if err := inst.kill(); err != nil {
		inst.note(err.Error())
	}
	d.wg.Go(func() {
		time.Sleep(wait)
		if err := inst.start(); err != nil {
			inst.note(err.Error())
		}
	})
}

// log is what was made to go wrong, in order.
func (d *director) log() []Injected {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Injected(nil), d.done...)
}

// reached counts the requests at which something could have gone wrong.
func (d *director) reached() (all map[string]int, missed map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all, missed = map[string]int{}, map[string]int{}
	for k, n := range d.counts {
		all[k] = n
	}
	for k, n := range d.missed {
		missed[k] = n
	}
	return all, missed
}

// String is for errors.
func (i Injected) String() string {
	return fmt.Sprintf("%7.2f s  %s: %s (request %d, %.1f s)", i.At, i.Instance, i.Card, i.Nth, i.For)
}
