package respond

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cordon-iot/cordon"
)

func untouched() error {
	return &Failure{Err: errors.New("connection refused"), Untouched: true}
}

func TestAttemptsKnowWhatIsCertain(t *testing.T) {
	refused := &Failure{Err: errors.New("answered 403 Forbidden"), Untouched: true, Permanent: true}
	tests := []struct {
		name      string
		from      Origin
		contested bool
		outcomes  []error
		want      cordon.ActionState
		reason    string
	}{
		{"own, refused", Own, false, []error{refused}, cordon.ApplyFailed, "webhook: answered 403 Forbidden"},
		{"own, unreachable until the end", Own, false, []error{untouched(), errLate}, cordon.ApplyFailed, "lease ended before it could be applied; attempt 1: connection refused"},
		{"own, no attempt", Own, false, []error{errLate}, cordon.ApplyFailed, "lease ended before it could be applied"},
		{"own, silence once", Own, false, []error{errLost, untouched(), errLate}, cordon.ReleaseIntended, "attempt 2: connection refused; it may have been applied"},
		{"own, refused after silence", Own, false, []error{errLost, refused}, cordon.ReleaseIntended, "it may have been applied"},
		{"own, but another process decided the same", Own, true, []error{untouched(), errLate}, cordon.ReleaseIntended, "it may have been applied"},
		{"foreign", Foreign, false, []error{untouched(), errLate}, cordon.ReleaseIntended, "it may have been applied"},
		{"replayed", Replayed, false, []error{errLate}, cordon.ReleaseIntended, "it may have been applied"},
		{"acknowledged in the end", Replayed, true, []error{errLost, untouched(), nil}, cordon.Applied, "41 hosts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := attemptsAt(intended("f1", "cam-1"), tt.from, noon())
			if tt.contested {
				a.contested()
			}
			var next cordon.Action
			for i, err := range tt.outcomes {
				var again time.Time
				next, again = a.result(err, noon().Add(time.Duration(i)*time.Second))
				if last := i == len(tt.outcomes)-1; again.IsZero() != last {
					t.Fatalf("outcome %d: again at %s; want the last one, and no other, to decide", i, again)
				}
			}
			if next.State != tt.want || !strings.Contains(next.Reason, tt.reason) {
				t.Errorf("next = %s, %q; want %s, %q", next.State, next.Reason, tt.want, tt.reason)
			}
		})
	}
}

func TestAttemptsNeverAgainAfterTheLease(t *testing.T) {
	step := intended("f1", "cam-1")
	a := attemptsAt(step, Own, noon())
	_, again := a.result(&Failure{Err: errors.New("answered 429"), After: time.Hour}, step.Until.Add(-time.Second))
	if !again.Equal(step.Until) || !a.late(again) || a.late(again.Add(-1)) {
		t.Errorf("again at %s, late %t; want the end of the lease %s", again, a.late(again), step.Until)
	}
}

func TestDispatchForeignIntentWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acknowledge)
		defer w.stop()
		w.foreign.Store(true)
		w.in <- now1h("f1", "cam-1")
		pass(2 * time.Hour)
		check(t, "applied at", w.seen(cordon.Apply, "cam-1"), []time.Duration{zombieTime})
		check(t, "released at", w.seen(cordon.Release, "cam-1"), seconds(3600))
	})
}

func TestDispatchReleasesWhatAnotherProcessMayHaveApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ context.Context, v cordon.Verb, _ cordon.Action, _ int) error {
			if v == cordon.Apply {
				return untouched()
			}
			return nil
		})
		defer w.stop()
		a := now1h("f1", "cam-1")
		w.in <- a
		pass(time.Minute)
		w.in <- a // the intent of the other process
		pass(2 * time.Hour)
		check(t, "steps", w.life("cam-1"), []cordon.ActionState{cordon.ApplyIntended, cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released})
	})
}
