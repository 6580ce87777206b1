package respond

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// A simulation of the owners of one partition, over the production code that
// decides: State, Rules and attempts. Owners crash; they do not notice at once
// that the partition was given to another one, and go on; steps are appended
// twice; deliveries fail, lose their answer or land late; findings are repeated.
// One goroutine, one seed, one course of events.

// simulated is the world: a log of findings, a log of steps, a network.
type simulated struct {
	t        *testing.T
	rnd      *rand.Rand
	now      time.Time
	findings []simFinding
	log      []cordon.Action
	truth    *State // the fold of log
	won      []bool // which steps of log it accepted
	owners   []*owner
	network  *network
}

type simFinding struct {
	cordon.Finding
	logged time.Time
}

// owner is a process that believes it owns the partition.
type owner struct {
	dies     time.Time // when it notices that it is wrong; zero for the true owner
	state    *State
	read     int // next step to read
	finding  int // next finding to decide on
	attempts map[cordon.DeviceID]*attempts
	again    map[cordon.DeviceID]time.Time // not before
}

// network is a receiver that carries out each operation once, plus deliveries
// that are still on their way.
type network struct {
	done      map[cordon.OpID]bool
	contained map[cordon.DeviceID]cordon.ActionID
	sequence  map[cordon.DeviceID]int64
	applies   map[cordon.FindingID]int // effective ones
	late      []delivered
	weather   []int // what can happen to an attempt, see deliver
}

// weathers of the network: mostly fine, stormy, down, deaf.
var weathers = [][]int{{0, 1, 2, 3, 4, 4, 4}, {0, 1, 2, 3}, {3}, {0, 1, 2}}

type delivered struct {
	verb cordon.Verb
	a    cordon.Action
}

var errLost = errors.New("no answer")

func newSimulated(t *testing.T, seed uint64) *simulated {
	w := &simulated{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: noon(), truth: NewState(),
		network: &network{
			done: map[cordon.OpID]bool{}, contained: map[cordon.DeviceID]cordon.ActionID{},
			sequence: map[cordon.DeviceID]int64{}, applies: map[cordon.FindingID]int{}, weather: weathers[0],
		},
	}
	w.owners = []*owner{w.restarted()}
	return w
}

// restarted is an owner that has replayed the log and takes up findings from
// somewhere before the end.
func (w *simulated) restarted() *owner {
	o := &owner{state: NewState(), attempts: map[cordon.DeviceID]*attempts{}, again: map[cordon.DeviceID]time.Time{}}
	for _, a := range w.log {
		o.state.Fold(a)
	}
	o.read = len(w.log)
	for _, a := range o.state.Open() {
		o.attempts[a.Device] = attemptsAt(a, Replayed, w.now)
	}
	o.finding = w.rnd.IntN(len(w.findings) + 1)
	return o
}

func (w *simulated) chance(percent int) bool { return w.rnd.IntN(100) < percent }

// append makes a durable, sometimes twice, sometimes for a process that does
// not hear of it.
func (w *simulated) append(a cordon.Action) {
	times := 1
	if w.chance(5) {
		times = 2
	}
	for range times {
		a.Position.Offset = int64(len(w.log))
		w.log = append(w.log, a)
		w.won = append(w.won, w.truth.Fold(a))
	}
}

// arrive adds a finding, now and then one that was there before.
func (w *simulated) arrive() {
	if len(w.findings) > 0 && w.chance(20) {
		again := w.findings[w.rnd.IntN(len(w.findings))]
		again.logged = w.now
		w.findings = append(w.findings, again)
		return
	}
	f := testFinding(fmt.Sprint("f", len(w.findings)), fmt.Sprint("cam-", w.rnd.IntN(4)))
	f.Lease = time.Duration(1+w.rnd.IntN(3)) * time.Minute
	w.findings = append(w.findings, simFinding{f, w.now})
}

func (w *simulated) decide(o *owner) {
	if o.finding == len(w.findings) {
		return
	}
	f := w.findings[o.finding]
	acts, _ := testRules().Decide(o.state, f.Finding, f.logged, w.now)
	for _, a := range acts {
		o.state.Expect(a)
		w.append(a)
	}
	o.finding++
}

func (w *simulated) follow(o *owner) {
	if o.read == len(w.log) {
		return
	}
	a := w.log[o.read]
	o.read++
	from := Foreign
	if o.state.Own(a) {
		from = Own
	}
	t := o.attempts[a.Device]
	if !o.state.Fold(a) {
		if t != nil && repeats(t.step, a) {
			t.contested()
		}
		return
	}
	delete(o.attempts, a.Device)
	delete(o.again, a.Device)
	if !closes(a.State) {
		o.attempts[a.Device] = attemptsAt(a, from, w.now)
		o.again[a.Device] = o.attempts[a.Device].first
	}
}

// act does what one of the open actions calls for.
func (w *simulated) act(o *owner) {
	devices := slices.Sorted(maps.Keys(o.attempts))
	if len(devices) == 0 {
		return
	}
	device := devices[w.rnd.IntN(len(devices))]
	t := o.attempts[device]
	if w.now.Before(o.again[device]) {
		return
	}
	next, done := w.carryOn(o, t)
	if done {
		w.append(next)
		delete(o.attempts, device) // until the step is read back
	}
}

func (w *simulated) carryOn(o *owner, t *attempts) (cordon.Action, bool) {
	if t.step.State == cordon.Applied {
		return releaseIntended(t.step, w.now, "lease", "the lease ended"), !w.now.Before(t.step.Until)
	}
	failure := errLate
	if !t.late(w.now) {
		failure = w.deliver(t.step)
	}
	next, again := t.result(failure, w.now)
	o.again[t.step.Device] = again
	return next, again.IsZero()
}

// deliver makes one attempt over a bad network.
func (w *simulated) deliver(a cordon.Action) error {
	d := delivered{cordon.Apply, a}
	if a.State == cordon.ReleaseIntended {
		d.verb = cordon.Release
	}
	w.invariants(d)
	if d.verb == cordon.Apply && w.network.refuses(a.Op) && w.chance(50) {
		return &Failure{Err: errors.New("answered 400"), Untouched: true, Permanent: true}
	}
	switch w.network.weather[w.rnd.IntN(len(w.network.weather))] {
	case 0: // lost on the way
		return errLost
	case 1: // the answer is lost
		w.arriveAt(d)
		return errLost
	case 2: // lands some time later
		w.network.late = append(w.network.late, d)
		return errLost
	case 3:
		return &Failure{Err: errors.New("connection refused"), Untouched: true}
	}
	w.arriveAt(d)
	return nil
}

// invariants are checked whenever an owner is about to touch the network.
func (w *simulated) invariants(d delivered) {
	w.t.Helper()
	if d.verb == cordon.Apply && !w.now.Before(d.a.Until) {
		w.t.Fatalf("%s is applied at %s, after its lease %s", d.a.ID, w.now, d.a.Until)
	}
	i := d.a.Position.Offset
	if i >= int64(len(w.log)) || w.log[i].RecordID() != d.a.RecordID() {
		w.t.Fatalf("%s of %s touches the network without an intent in the log", d.verb, d.a.ID)
	}
	if !w.won[i] {
		w.t.Fatalf("%s of %s at offset %d is carried out though it lost", d.verb, d.a.ID, i)
	}
}

// arriveAt is the receiver: each operation once, none late, none overtaken.
func (w *simulated) arriveAt(d delivered) {
	n, a := w.network, d.a
	expired := d.verb == cordon.Apply && w.now.After(a.Until)
	if n.done[a.Op] || n.refuses(a.Op) && d.verb == cordon.Apply || expired || a.Position.Offset < n.sequence[a.Device] {
		return
	}
	n.done[a.Op], n.sequence[a.Device] = true, a.Position.Offset
	if d.verb == cordon.Apply {
		if by := n.contained[a.Device]; by != "" {
			w.t.Fatalf("%s is contained by %s while %s holds it", a.Device, a.ID, by)
		}
		n.applies[a.Finding]++
		n.contained[a.Device] = a.ID
		return
	}
	if n.contained[a.Device] == a.ID {
		delete(n.contained, a.Device)
	}
}

// refuses reports whether op is one of those that the receiver never takes.
func (n *network) refuses(op cordon.OpID) bool { return op[0] == 'a' }

// step lets one random thing happen.
func (w *simulated) step() {
	w.owners = slices.DeleteFunc(w.owners, func(o *owner) bool { return !o.dies.IsZero() && o.dies.Before(w.now) })
	o := w.rnd.IntN(len(w.owners))
	switch n := w.rnd.IntN(100); {
	case n < 10:
		w.arrive()
	case n < 30:
		w.decide(w.owners[o])
	case n < 55:
		w.follow(w.owners[o])
	case n < 85:
		w.act(w.owners[o])
	case n < 89:
		w.reassign()
	case n < 91:
		w.landLate()
	case n < 93:
		w.network.weather = weathers[w.rnd.IntN(len(weathers))]
	default:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(20_000)) * time.Millisecond)
	}
}

// reassign gives the partition to a new owner. The old one is dead, or does not
// know yet.
func (w *simulated) reassign() {
	old := w.owners[0]
	w.owners[0] = w.restarted()
	w.network.weather = weathers[w.rnd.IntN(len(weathers))] // what takes a process away seldom comes alone
	if w.chance(70) {
		old.dies = w.now.Add(zombieTime)
		w.owners = append(w.owners, old)
	}
}

func (w *simulated) landLate() {
	late := w.network.late
	if len(late) == 0 {
		return
	}
	i := w.rnd.IntN(len(late))
	w.arriveAt(late[i])
	w.network.late = slices.Delete(late, i, i+1)
}

// settle lets one owner finish everything, with time going by.
func (w *simulated) settle() {
	w.network.weather = weathers[0]
	o := w.restarted()
	o.finding = len(w.findings)
	for n := 0; len(w.truth.Open()) > 0; n++ {
		if n > 200_000 {
			w.t.Fatalf("after %s actions are still open: %+v", w.now.Sub(noon()), w.truth.Open())
		}
		w.follow(o)
		w.act(o)
		w.now = w.now.Add(time.Second)
	}
	for len(w.network.late) > 0 {
		w.landLate()
	}
}

func TestSimulated(t *testing.T) {
	seeds, steps, applies := uint64(300), 0, 0
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newSimulated(t, seed)
			for range 1500 {
				w.step()
			}
			w.settle()
			w.atRest()
			steps += len(w.log)
			applies += len(w.network.applies)
		})
	}
	t.Logf("%d seeds, %d steps in their logs, %d quarantines took effect", seeds, steps, applies)
	if applies < int(seeds) {
		t.Errorf("only %d quarantines in %d seeds: the simulation does nothing", applies, seeds)
	}
}

// atRest is what must be true when nothing is open any more.
func (w *simulated) atRest() {
	t := w.t
	t.Helper()
	for f, n := range w.network.applies {
		if n > 1 {
			t.Errorf("finding %s took effect %d times; want once at most", f, n)
		}
	}
	if len(w.network.contained) > 0 {
		t.Errorf("contained for ever: %v", w.network.contained)
	}
	ops := map[cordon.ActionID]map[cordon.OpID]bool{}
	for _, a := range w.log {
		if ops[a.ID] == nil {
			ops[a.ID] = map[cordon.OpID]bool{}
		}
		ops[a.ID][a.Op] = true
	}
	for id, set := range ops {
		if len(set) > 2 {
			t.Errorf("action %s has %d operations; want one apply and one release", id, len(set))
		}
	}
	replayed := NewState()
	for _, a := range w.log {
		replayed.Fold(a)
	}
	if d := cmp.Diff(w.truth.last, replayed.last); d != "" {
		t.Errorf("replay differs from what was folded as it came, -live +replay:\n%s", d)
	}
}
