package respond

import (
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
)

// attempts is what is known of the attempts at the operation of one step. It
// decides what follows from each, without doing any.
type attempts struct {
	step    cordon.Action // read back from the log
	n       int           // made so far, by this process
	certain bool          // that none of them, nor of another process, had an effect
	last    error
}

// attemptsAt begins with a. inherited says that another process may have made
// attempts already.
func attemptsAt(a cordon.Action, inherited bool) *attempts {
	return &attempts{step: a, certain: !inherited}
}

// late returns the step that ends an apply whose lease is over, if it is.
func (t *attempts) late(now time.Time) (cordon.Action, bool) {
	if t.step.State != cordon.ApplyIntended || now.Before(t.step.Until) {
		return cordon.Action{}, false
	}
	reason := "lease ended before it could be applied"
	if t.last != nil {
		reason = fmt.Sprintf("%s; attempt %d: %v", reason, t.n, t.last)
	}
	return unapplied(t.step, now, t.n, t.certain, "lease", reason), true
}

// result takes the outcome of an attempt. It returns when to try again, or the
// zero time and the step that follows.
func (t *attempts) result(err error, now time.Time) (next cordon.Action, again time.Time) {
	t.n++
	if err == nil {
		return t.acknowledged(now), again
	}
	f := failureOf(err)
	t.last = f.Err
	t.certain = t.certain && f.Untouched
	if t.step.State == cordon.ReleaseIntended { // a refusal is no reason to stop: somebody has to make the enforcer take it
		return next, now.Add(t.wait(releaseWait(t.n), f))
	}
	if f.Permanent {
		return unapplied(t.step, now, t.n, t.certain, "respond", fmt.Sprintf("%s: %v", t.step.Enforcer, f.Err)), again
	}
	again = now.Add(t.wait(applyWait(t.n), f))
	if again.After(t.step.Until) {
		again = t.step.Until
	}
	return next, again
}

func (t *attempts) acknowledged(now time.Time) cordon.Action {
	if t.step.State == cordon.ReleaseIntended {
		return released(t.step, now, t.n)
	}
	return applied(t.step, now, t.n)
}

func (t *attempts) wait(scheduled time.Duration, f Failure) time.Duration {
	return max(spread(scheduled, t.step.Op, t.n), min(f.After, longestWait))
}
