package respond

import (
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
)

// Defaults of Rules.
const (
	DefaultLease     = time.Hour
	MinLease         = 60 * time.Second
	MaxLease         = 24 * time.Hour
	DefaultFreshness = 15 * time.Minute
)

// Rules are the limits within which findings are answered. Zero values mean
// the defaults.
type Rules struct {
	Lease     time.Duration // of a finding that asks for none
	MinLease  time.Duration // a finding that asks for less gets this
	MaxLease  time.Duration // a finding that asks for more gets this
	Freshness time.Duration // a finding that has been in the log for longer is not acted upon
	Enforcer  string        // who carries the actions out
}

func (r Rules) withDefaults() Rules {
	orElse := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	orElse(&r.Lease, DefaultLease)
	orElse(&r.MinLease, MinLease)
	orElse(&r.MaxLease, MaxLease)
	orElse(&r.Freshness, DefaultFreshness)
	return r
}

func (r Rules) validate() error {
	if r.MinLease <= 0 || r.MinLease > r.Lease || r.Lease > r.MaxLease {
		return fmt.Errorf("leases: want 0 < least %s <= default %s <= longest %s", r.MinLease, r.Lease, r.MaxLease)
	}
	if r.Freshness < 0 {
		return fmt.Errorf("freshness limit %s: want more than 0", r.Freshness)
	}
	return nil
}

// Answer is what was made of a finding.
type Answer string

// Answers.
const (
	Watched  Answer = "watched"  // the finding asks for no action
	Repeated Answer = "repeated" // this finding was answered before
	Joined   Answer = "joined"   // another action holds the device already
	Stale    Answer = "stale"    // too long in the log; recorded, not carried out
	Intended Answer = "intended" // a quarantine was decided
)

// Decide returns the first step of the action that follows from f, if any.
// logged is when the log took the finding; the time of its event does not
// count, since sensors replay and clocks of devices are wrong.
func (r Rules) Decide(s *State, f cordon.Finding, logged, now time.Time) ([]cordon.Action, Answer) {
	id := cordon.NewActionID(f.ID, cordon.Segment)
	switch {
	case f.Response != cordon.Quarantine:
		return nil, Watched
	case s.Known(id):
		return nil, Repeated
	case s.Held(f.Device):
		return nil, Joined
	}
	a := r.intent(id, f, now)
	if age := now.Sub(logged); age > r.Freshness {
		return []cordon.Action{r.stale(a, age)}, Stale
	}
	return []cordon.Action{a}, Intended
}

func (r Rules) stale(a cordon.Action, age time.Duration) cordon.Action {
	a.Until = a.Since
	return failed(a, a.At, 0, fmt.Sprintf("stale: the finding waited %s in the log, the limit is %s",
		age.Round(time.Second), r.Freshness))
}

func (r Rules) intent(id cordon.ActionID, f cordon.Finding, now time.Time) cordon.Action {
	now = milli(now)
	return cordon.Action{
		ID: id, State: cordon.ApplyIntended, Op: cordon.NewOpID(id, r.Enforcer, cordon.Apply, 0),
		Device: f.Device, Zone: f.Zone, Finding: f.ID, Policy: f.Policy.ID, Title: f.Policy.Title, Severity: f.Severity,
		Level: cordon.Segment, Enforcer: r.Enforcer,
		At: now, Since: now, Until: now.Add(r.lease(f.Lease)),
		By: "policy:" + f.Policy.ID, Reason: f.Summary,
	}
}

// lease bounds what a finding asks for.
func (r Rules) lease(asked time.Duration) time.Duration {
	if asked == 0 {
		return r.Lease
	}
	return min(max(asked, r.MinLease), r.MaxLease)
}

// Steps that follow from a, which was read back from the log, at now.

func applied(a cordon.Action, now time.Time, attempts int) cordon.Action {
	return next(a, cordon.Applied, now, attempts, a.Reason)
}

func failed(a cordon.Action, now time.Time, attempts int, reason string) cordon.Action {
	return next(a, cordon.ApplyFailed, now, attempts, reason)
}

func released(a cordon.Action, now time.Time, attempts int) cordon.Action {
	return next(a, cordon.Released, now, attempts, a.Reason)
}

// releaseIntended ends a for reason in the name of by.
func releaseIntended(a cordon.Action, now time.Time, by, reason string) cordon.Action {
	b := next(a, cordon.ReleaseIntended, now, 0, reason)
	b.Op = cordon.NewOpID(a.ID, a.Enforcer, cordon.Release, 0)
	b.By = by
	return b
}

// unapplied ends a whose apply was never acknowledged. It is closed only when
// it is certain that nothing happened; otherwise it has to be released.
func unapplied(a cordon.Action, now time.Time, attempts int, certain bool, by, reason string) cordon.Action {
	if certain {
		return failed(a, now, attempts, reason)
	}
	return releaseIntended(a, now, by, reason+"; it may have been applied")
}

func next(a cordon.Action, to cordon.ActionState, now time.Time, attempts int, reason string) cordon.Action {
	a.State, a.At, a.Attempt, a.Reason = to, milli(now), attempts, reason
	a.Position = cordon.Position{}
	return a
}

// milli is t in the resolution of the log.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
