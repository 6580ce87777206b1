package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon"
)

// Defaults of Options.
const (
	// DefaultBudget is time on the clock, which passes too while a busy machine
	// runs something else: it is there to end what never ends, far above what
	// the dearest rule takes.
	DefaultBudget   = 5 * time.Second
	DefaultMostKeys = 65_536
)

// Options of an Engine. The zero value will do.
type Options struct {
	Counts    *Counts       // nil: the engine counts for itself
	Budget    time.Duration // for one evaluation of one rule by OPA
	MostKeys  int           // keys that one window remembers, and devices that suppression does
	MostBytes int64         // memory for all windows and suppression, about
	Recent    int           // events among which one that is delivered again is recognised

	// Trust says that the bodies of all events are canonical, as ingest writes
	// them and nobody else may: they are looked through no further than a policy
	// asks. Without it every body is checked.
	Trust bool

	// Plain leaves every decision to OPA. It costs about fifty times as much;
	// tests compare the two.
	Plain bool

	// Watchdog calls f after d unless stop is called before; nil for
	// time.AfterFunc.
	Watchdog func(d time.Duration, f func()) (stop func())

	// Overruns is where evaluations that the watchdog stopped are written to
	// and known from. Nil: they are in no log, and a replay may differ.
	Overruns Overruns

	// Audit is of how many events one is given to OPA too where the native form
	// of a policy decides; 0: DefaultAudit, negative: none.
	Audit int

	Now func() time.Time // for what evaluations cost; nil: that is not measured

	// Report is called with what goes wrong in a policy on an event: the
	// policy was silent on it, unless it is a *MismatchError. It may be called
	// for every event: rate-limit what it logs. May be nil.
	Report func(p *Policy, ev cordon.EventID, err error)
}

// Engine runs the policies of a pack over the events of one partition, in
// their order. One goroutine uses it.
type Engine struct {
	event   *event
	machine *machine
	oracle  oracle
	runs    []*run
	report  func(*Policy, cordon.EventID, error)
	plain   bool
	recent  *recent
	counts  *Counts
	gate    gate
	events  uint64 // that were evaluated

	overruns Overruns         // may be nil
	broken   error            // the log does not have what happened: nothing is evaluated any more
	audit1in uint32           // events of which one is audited; 0: none
	doubted  int              // policies whose native form was wrong
	now      func() time.Time // may be nil
}

// run is one policy with its state in this partition.
type run struct {
	*Policy
	number   int // among those of the engine
	health   health
	counts   *PolicyCounts
	windows  []*windowState
	readings []cached // of the windows, for the event under evaluation
	read     func(int) (reading, bool)
	emitted  *lru[*emissions] // by device and key
	scratch  []byte
	event    uint64 // the last one, by its number, that readings are of
}

type cached struct {
	read, ok bool
	value    reading
}

// New returns an engine for p with no memory of any event.
func New(p *Pack, o Options) *Engine {
	if o.Counts == nil {
		o.Counts = NewCounts()
	}
	if o.Watchdog == nil {
		o.Watchdog = afterFunc
	}
	if o.Report == nil {
		o.Report = func(*Policy, cordon.EventID, error) {}
	}
	most := cmp.Or(o.MostKeys, DefaultMostKeys)
	e := &Engine{
		event:  newEvent(p.paths, p.index, o.Trust),
		oracle: oracle{budget: cmp.Or(o.Budget, DefaultBudget), watchdog: o.Watchdog},
		report: o.Report,
		plain:  o.Plain,
		gate:   gate{mostFew: fewClauses},
		recent: newRecent(cmp.Or(o.Recent, DefaultRecent)),
		counts: o.Counts,

		overruns: o.Overruns,
		audit1in: uint32(max(0, cmp.Or(o.Audit, DefaultAudit))),
		now:      o.Now,
	}
	e.machine = newMachine(e.event, p.memos)
	for i, q := range p.Policies {
		counts, windows := o.Counts.of(q)
		r := &run{Policy: q, number: i, counts: counts, readings: make([]cached, len(q.windows))}
		r.suppressWith(newLRU[*emissions](most))
		r.windows = newWindowStates(q.windows, most, windows)
		r.read = r.reader(e.event)
		e.runs = append(e.runs, r)
	}
	e.bound(cmp.Or(o.MostBytes, DefaultMostBytes))
	return e
}

// Evaluate returns what the policies find in ev, in the order of their
// packages, and remembers ev. In an event that was delivered before, by its id,
// they find nothing. It fails when ev is no JSON object or ctx has ended; then
// nothing was remembered. It returns an *OrderError when ev does not come after
// the events before it, and a *LogError when Options.Overruns failed.
func (e *Engine) Evaluate(ctx context.Context, ev cordon.Event) ([]cordon.Finding, error) {
	return e.evaluate(ctx, ev, "")
}

// EvaluateAgain is Evaluate of an event that somebody had delivered again on
// purpose, because something went wrong with it after it was remembered. It is
// evaluated although it was there before, once for each retry, which names that
// delivery. What it gives is not suppressed: it may be this event that gave the
// same before.
func (e *Engine) EvaluateAgain(ctx context.Context, ev cordon.Event, retry string) ([]cordon.Finding, error) {
	return e.evaluate(ctx, ev, retry)
}

// evaluate is Evaluate; retry is empty but for what is evaluated again.
func (e *Engine) evaluate(ctx context.Context, ev cordon.Event, retry string) ([]cordon.Finding, error) {
	if err := cmp.Or(e.broken, ctx.Err()); err != nil {
		return nil, err
	}
	if err := e.recent.order(ev); err != nil {
		return nil, err
	}
	if err := e.event.reset(ev); err != nil {
		return nil, err
	}
	e.event.again = retry != ""
	if !e.recent.add(ev.ID, retry) {
		e.counts.Duplicates.Add(1)
		return nil, nil
	}
	e.machine.reset()
	e.audit(ctx)
	e.events++
	e.counts.Events.Add(1)
	if g := e.event.group; g != nil && !e.plain {
		return e.unfiltered(ctx, e.pass(ctx, g, nil)), e.broken
	}
	var found []cordon.Finding
	for i := range e.runs {
		found = e.apply(ctx, e.touch(i), found)
	}
	return found, e.broken
}

// Fold remembers ev, whose findings are in the log already. Which findings
// were made lately is part of the state, so that it evaluates as Evaluate
// does.
func (e *Engine) Fold(ctx context.Context, ev cordon.Event) error {
	_, err := e.Evaluate(ctx, ev)
	return err
}

// apply runs one policy on the event.
func (e *Engine) apply(ctx context.Context, r *run, found []cordon.Finding) []cordon.Finding {
	if r.health.disabled {
		return found
	}
	e.machine.window = r.read
	for i, w := range r.windows {
		if e.observes(ctx, r, i) {
			w.observe(e.event)
		}
	}
	return e.find(ctx, r, found)
}

// find adds to found what the policy finds in the event.
func (e *Engine) find(ctx context.Context, r *run, found []cordon.Finding) []cordon.Finding {
	if e.truth(r, findingsAt) == no {
		return found
	}
	if e.pointless(r) {
		r.counts.Suppressed.Add(1)
		return found
	}
	r.counts.Candidates.Add(1)
	t, err := e.ask(ctx, r, findingsAt, r.input(e.event), "")
	if err != nil || t == nil {
		e.fail(r, err)
		return found
	}
	matches, err := matchesOf(t)
	if err != nil {
		r.counts.Errors.Add(1)
		e.fail(r, err)
		return found
	}
	return e.emit(r, matches, found)
}

// pointless reports whether whatever r finds on the event would be suppressed:
// all keys that its findings can have are known, and it was there lately. A
// flood then costs OPA one evaluation and not one a packet.
func (e *Engine) pointless(r *run) bool {
	if e.plain || r.health.unfiltered || r.Suppress == 0 || e.machine.keysHidden {
		return false
	}
	for _, key := range e.machine.keys {
		if !r.suppressed(e.event, text(key)) {
			return false
		}
	}
	return true
}

// emit adds to found what of matches is not suppressed. Those of one event and
// one key stand or fall together.
func (e *Engine) emit(r *run, matches []match, found []cordon.Finding) []cordon.Finding {
	fresh := make([]bool, len(matches))
	for i, m := range matches {
		fresh[i] = r.Suppress == 0 || !r.suppressed(e.event, m.key)
	}
	for i, m := range matches {
		if !fresh[i] {
			r.counts.Suppressed.Add(1)
			continue
		}
		r.remember(e.event, m.key)
		r.counts.Findings.Add(1)
		found = append(found, r.finding(e.event, m, identify(matches, i)))
	}
	return found
}

// truth is what is known of rule i of r without OPA.
func (e *Engine) truth(r *run, i int) truth {
	if e.plain || r.health.unfiltered {
		return maybe
	}
	return e.machine.run(r.ruleAt(i).native, nil)
}

// observes reports whether observe rule i of r holds for the event.
func (e *Engine) observes(ctx context.Context, r *run, i int) bool {
	switch e.truth(r, i) {
	case no:
		return false
	case yes:
		return true
	}
	r.counts.Observed.Add(1)
	t, err := e.ask(ctx, r, i, e.event.input(), "")
	if err != nil {
		e.fail(r, err)
		return false
	}
	return t != nil && truthy(t)
}

func (e *Engine) fail(r *run, err error) {
	if err != nil {
		e.report(r.Policy, e.event.ID, fmt.Errorf("policy %s on event %s: %w", r.ID, e.event.ID, err))
	}
}

// reader returns the function that reads the windows of r, each once an event
// and only if somebody asks.
func (r *run) reader(ev *event) func(int) (reading, bool) {
	return func(i int) (reading, bool) {
		c := &r.readings[i]
		if !c.read {
			c.value, c.ok = r.windows[i].read(ev)
			c.read = true
		}
		return c.value, c.ok
	}
}

// input returns what r sees: the event and the windows of r.
func (r *run) input(ev *event) ast.Value {
	if len(r.windows) == 0 {
		return ev.input()
	}
	items := make([][2]*ast.Term, 0, len(r.windows))
	for i, w := range r.windows {
		if value, ok := r.read(i); ok {
			items = append(items, [2]*ast.Term{ast.StringTerm(w.Name), w.object(value)})
		}
	}
	return ev.with(windowsKey, ast.ObjectTerm(items...))
}

// with returns the event as OPA's input with one more field.
func (e *event) with(name string, t *ast.Term) ast.Value {
	whole := e.input()
	items := make([][2]*ast.Term, 0, whole.Len()+1)
	key := ast.StringTerm(name)
	whole.Foreach(func(k, v *ast.Term) {
		if !k.Equal(key) {
			items = append(items, [2]*ast.Term{k, v})
		}
	})
	return ast.NewObject(append(items, [2]*ast.Term{key, t})...)
}
