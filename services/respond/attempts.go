package respond

import (
	"errors"
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
)

// Origin is how a process came to a step.
type Origin int

// Origins.
const (
	Own      Origin = iota // decided here and read back
	Foreign                // decided by another process since the partition was assigned here
	Replayed               // in the log before the partition was assigned here
)

// zombieTime is how long a process may take itself for the owner of a partition
// that is not its own any more: the session timeout of the consumer group.
// Until then one of two does not know that there are two, so neither applies
// what the other decided.
const zombieTime = 10 * time.Second

// attempts is what is known of the attempts at the operation of one step. It
// decides what follows from each, without doing any.
type attempts struct {
	step    cordon.Action // read back from the log
	first   time.Time     // not to be begun before
	n       int           // made so far, by this process
	certain bool          // that none of them, nor of another process, had an effect
	last    error
}

// attemptsAt begins with a, read at now.
func attemptsAt(a cordon.Action, from Origin, now time.Time) *attempts {
	t := &attempts{step: a, first: now, certain: from == Own}
	if from == Foreign && a.State == cordon.ApplyIntended {
		t.first = now.Add(zombieTime)
	}
	return t
}

// contested notes that another process decided the same, and acts on it.
func (t *attempts) contested() { t.certain = false }

// errLate stands for an attempt that was not made because the lease is over.
var errLate = errors.New("the lease is over")

// late reports whether it is too late for another attempt.
func (t *attempts) late(now time.Time) bool {
	return t.step.State == cordon.ApplyIntended && !now.Before(t.step.Until)
}

// result takes the outcome of an attempt, or errLate. It returns when to try
// again, or the zero time and the step that follows.
func (t *attempts) result(err error, now time.Time) (next cordon.Action, again time.Time) {
	if errors.Is(err, errLate) {
		return t.tooLate(now), again
	}
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

func (t *attempts) tooLate(now time.Time) cordon.Action {
	reason := "lease ended before it could be applied"
	if t.last != nil {
		reason = fmt.Sprintf("%s; attempt %d: %v", reason, t.n, t.last)
	}
	return unapplied(t.step, now, t.n, t.certain, "lease", reason)
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
