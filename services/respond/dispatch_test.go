package respond

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// call is one attempt that an enforcer saw.
type call struct {
	verb   cordon.Verb
	device cordon.DeviceID
	op     cordon.OpID
	at     time.Duration // since the start of the world
}

// scripted is an enforcer that answers what it is told to.
type scripted struct {
	start  time.Time
	answer func(ctx context.Context, v cordon.Verb, a cordon.Action, n int) error // n: attempts at the operation, from 1

	mu    sync.Mutex // guards calls
	calls []call
}

func (e *scripted) Name() string { return "webhook" }

func (e *scripted) Apply(ctx context.Context, a cordon.Action) error {
	return e.do(ctx, cordon.Apply, a)
}

func (e *scripted) Release(ctx context.Context, a cordon.Action) error {
	return e.do(ctx, cordon.Release, a)
}

func (e *scripted) do(ctx context.Context, v cordon.Verb, a cordon.Action) error {
	e.mu.Lock()
	e.calls = append(e.calls, call{v, a.Device, a.Op, time.Since(e.start)})
	n := 0
	for _, c := range e.calls {
		if c.op == a.Op {
			n++
		}
	}
	e.mu.Unlock()
	return e.answer(ctx, v, a, n)
}

func (e *scripted) seen(v cordon.Verb, device cordon.DeviceID) (at []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.calls {
		if c.verb == v && c.device == device {
			at = append(at, c.at)
		}
	}
	return at
}

func acknowledge(context.Context, cordon.Verb, cordon.Action, int) error { return nil }

// silent answers nothing until the attempt is given up.
func silent(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// world is a log, a fold and a dispatcher in one bubble of fake time.
type world struct {
	*scripted
	d       *dispatcher
	skew    atomic.Int64 // of the clock, nanoseconds
	foreign atomic.Bool  // steps come from another process
	in      chan cordon.Action
	halt    context.CancelFunc
	done    chan struct{}

	mu    sync.Mutex // guards what follows
	state *State
	steps []cordon.Action
}

const testParallel = 2

func newWorld(t *testing.T, answer func(context.Context, cordon.Verb, cordon.Action, int) error, open ...cordon.Action) *world {
	ctx, halt := context.WithCancel(t.Context())
	w := &world{
		scripted: &scripted{start: time.Now(), answer: answer},
		in:       make(chan cordon.Action, 1000), halt: halt, done: make(chan struct{}), state: NewState(),
	}
	crew := newCrew(w.scripted, testParallel, func() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }, slog.New(slog.DiscardHandler), nil)
	w.d = crew.dispatcher(func(_ context.Context, a cordon.Action) error { w.in <- a; return nil })
	for _, a := range open {
		w.fold(a)
	}
	go w.run(ctx)
	return w
}

func (w *world) fold(a cordon.Action) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.Position.Offset = int64(len(w.steps))
	w.steps = append(w.steps, a)
	return w.state.Fold(a)
}

func (w *world) run(ctx context.Context) {
	defer close(w.done)
	defer w.d.stop()
	for _, a := range w.state.Open() {
		w.d.step(ctx, a, Replayed)
	}
	for {
		select {
		case a := <-w.in:
			switch {
			case !w.fold(a):
				w.d.ignored(a)
			case w.foreign.Load():
				w.d.step(ctx, a, Foreign)
			default:
				w.d.step(ctx, a, Own)
			}
		case <-ctx.Done():
			return
		}
	}
}

// stop ends the dispatcher as the end of an assignment does.
func (w *world) stop() {
	w.halt()
	<-w.done
}

// life returns the states of the actions of device in log order.
func (w *world) life(device cordon.DeviceID) (states []cordon.ActionState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.steps {
		if a.Device == device {
			states = append(states, a.State)
		}
	}
	return states
}

func (w *world) last() cordon.Action {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps[len(w.steps)-1]
}

// now1h is the first step of an action with a lease of one hour from now.
func now1h(finding, device string) cordon.Action {
	acts, _ := testRules().Decide(NewState(), testFinding(finding, device), time.Now(), time.Now())
	return acts[0]
}

var wholeLife = []cordon.ActionState{cordon.ApplyIntended, cordon.Applied, cordon.ReleaseIntended, cordon.Released}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, equateEmpty); d != "" {
		t.Errorf("%s, -want +got:\n%s", what, d)
	}
}

// within checks that got are want, each at most 20 % of its own gap away.
func within(t *testing.T, what string, got, want []time.Duration) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("%s: %v; want %d gaps like %v", what, got, len(want), want)
	}
	for i, w := range want {
		if d := got[i] - w; d < -w/5 || d > w/5 {
			t.Errorf("%s: gap %d is %s; want %s ± 20 %%", what, i+1, got[i], w)
		}
	}
}

func gaps(at []time.Duration) (d []time.Duration) {
	for i := 1; i < len(at); i++ {
		d = append(d, at[i]-at[i-1])
	}
	return d
}

// pass lets d of the bubble's time go by, and all that happens in it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func seconds(n ...int) (d []time.Duration) {
	for _, s := range n {
		d = append(d, time.Duration(s)*time.Second)
	}
	return d
}

func TestDispatchWholeLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acknowledge)
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		synctest.Wait()
		check(t, "applied at", w.seen(cordon.Apply, "cam-1"), seconds(0))
		pass(time.Hour - time.Nanosecond)
		check(t, "released before the lease ended", w.seen(cordon.Release, "cam-1"), seconds())
		pass(time.Nanosecond)
		check(t, "released at", w.seen(cordon.Release, "cam-1"), seconds(3600))
		check(t, "steps", w.life("cam-1"), wholeLife)
		if got := w.last(); got.By != "lease" || got.Reason != "the lease ended" || got.Attempt != 1 {
			t.Errorf("last step = %+v; want by the lease, in one attempt", got)
		}
	})
}

func TestDispatchRepeatsAnApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ context.Context, v cordon.Verb, _ cordon.Action, n int) error {
			if v == cordon.Apply && n <= 9 {
				return errors.New("503")
			}
			return nil
		})
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		pass(10 * time.Minute)
		at := w.seen(cordon.Apply, "cam-1")
		within(t, "applies", gaps(at), seconds(1, 2, 5, 10, 20, 30, 30, 30, 30))
		if len(at) != 10 || w.last().State != cordon.Applied || w.last().Attempt != 10 {
			t.Errorf("%d attempts, last step %+v; want applied after 10", len(at), w.last())
		}
	})
}

func TestDispatchGivesUpWhenTheLeaseEnds(t *testing.T) {
	tests := []struct {
		name      string
		inherited bool
		failure   error
		want      []cordon.ActionState
		reason    string
	}{
		{
			name: "nothing was ever sent", failure: &Failure{Err: errors.New("connection refused"), Untouched: true},
			want: []cordon.ActionState{cordon.ApplyIntended, cordon.ApplyFailed},
		},
		{name: "it may have been applied", failure: errors.New("timeout"), want: []cordon.ActionState{cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released}},
		{
			name: "another process may have applied it", inherited: true, failure: &Failure{Err: errors.New("connection refused"), Untouched: true},
			want: []cordon.ActionState{cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer := func(_ context.Context, v cordon.Verb, _ cordon.Action, _ int) error {
					if v == cordon.Apply {
						return tt.failure
					}
					return nil
				}
				a := now1h("f1", "cam-1")
				var w *world
				if tt.inherited {
					w = newWorld(t, answer, a)
				} else {
					w = newWorld(t, answer)
					w.in <- a
				}
				defer w.stop()
				pass(2 * time.Hour)
				check(t, "steps", w.life("cam-1"), tt.want)
				at := w.seen(cordon.Apply, "cam-1")
				if last := at[len(at)-1]; last >= time.Hour || last < 59*time.Minute {
					t.Errorf("last attempt after %s; want it in the last minute of the lease, never later", last)
				}
			})
		})
	}
}

func TestDispatchNeverAppliesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := now1h("f1", "cam-1")
		pass(time.Hour)
		w := newWorld(t, acknowledge)
		defer w.stop()
		w.in <- a
		synctest.Wait()
		check(t, "applies", w.seen(cordon.Apply, "cam-1"), seconds())
		if got := w.last(); got.State != cordon.ApplyFailed || got.Reason != "lease ended before it could be applied" {
			t.Errorf("last step = %+v; want apply_failed because the lease ended", got)
		}
	})
}

func TestDispatchEndsAnAttemptWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, v cordon.Verb, _ cordon.Action, _ int) error {
			if v == cordon.Apply {
				return silent(ctx)
			}
			return nil
		})
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		pass(time.Hour)
		check(t, "released at", w.seen(cordon.Release, "cam-1"), seconds(3600))
		check(t, "steps", w.life("cam-1"), []cordon.ActionState{cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released})
	})
}

func TestDispatchRefused(t *testing.T) {
	tests := []struct {
		name    string
		unknown int // attempts of unknown outcome before the refusal
		want    []cordon.ActionState
	}{
		{"at once", 0, []cordon.ActionState{cordon.ApplyIntended, cordon.ApplyFailed}},
		{"after silence", 1, []cordon.ActionState{cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(_ context.Context, v cordon.Verb, _ cordon.Action, n int) error {
					switch {
					case v == cordon.Release:
						return nil
					case n <= tt.unknown:
						return errors.New("timeout")
					}
					return &Failure{Err: errors.New("answered 403 Forbidden"), Untouched: true, Permanent: true}
				})
				defer w.stop()
				w.in <- now1h("f1", "cam-1")
				pass(time.Minute)
				check(t, "steps", w.life("cam-1"), tt.want)
				check(t, "attempts", len(w.seen(cordon.Apply, "cam-1")), tt.unknown+1)
			})
		})
	}
}

func TestDispatchHonoursRetryAfter(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration
		want  time.Duration
	}{
		{"longer than scheduled", 40 * time.Second, 40 * time.Second},
		{"at most five minutes", 24 * time.Hour, 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(_ context.Context, _ cordon.Verb, _ cordon.Action, n int) error {
					if n == 1 {
						return &Failure{Err: errors.New("answered 429"), Untouched: true, After: tt.after}
					}
					return nil
				})
				defer w.stop()
				w.in <- now1h("f1", "cam-1")
				pass(2 * time.Hour)
				check(t, "apply", gaps(w.seen(cordon.Apply, "cam-1")), []time.Duration{tt.want})
				check(t, "release", gaps(w.seen(cordon.Release, "cam-1")), []time.Duration{tt.want})
			})
		})
	}
}

func TestDispatchNeverGivesUpARelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := 3 * 24 * time.Hour
		w := newWorld(t, func(_ context.Context, v cordon.Verb, a cordon.Action, _ int) error {
			if v == cordon.Release && time.Now().Before(a.Until.Add(back)) {
				return &Failure{Err: errors.New("answered 410 Gone"), Untouched: true, Permanent: true}
			}
			return nil
		})
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		pass(back + 2*time.Hour)
		check(t, "steps", w.life("cam-1"), wholeLife)
		at := gaps(w.seen(cordon.Release, "cam-1"))
		within(t, "releases", at, seconds(1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300))
		if longest := slices.Max(at); longest > 6*time.Minute {
			t.Errorf("longest wait %s; want at most 5 min + 20 %%", longest)
		}
	})
}

func TestDispatchOneSlowDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, _ cordon.Verb, a cordon.Action, _ int) error {
			if a.Device == "slow" {
				return silent(ctx)
			}
			return nil
		})
		defer w.stop()
		w.in <- now1h("f0", "slow")
		synctest.Wait()
		for _, device := range []string{"cam-1", "cam-2", "cam-3", "cam-4"} {
			w.in <- now1h("f-"+device, device)
		}
		synctest.Wait()
		for _, device := range []cordon.DeviceID{"cam-1", "cam-2", "cam-3", "cam-4"} {
			check(t, string(device), w.seen(cordon.Apply, device), seconds(0))
		}
	})
}

func TestDispatchReleaseDoesNotWaitBehindApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := false
		w := newWorld(t, func(ctx context.Context, v cordon.Verb, _ cordon.Action, _ int) error {
			if v == cordon.Apply && hang {
				return silent(ctx)
			}
			return nil
		})
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		pass(30 * time.Minute)
		hang = true
		for _, device := range []string{"a", "b", "c", "d", "e"} {
			w.in <- now1h("f-"+device, device) // more than there are slots
		}
		pass(30 * time.Minute)
		check(t, "released at", w.seen(cordon.Release, "cam-1"), seconds(3600))
		check(t, "applies under way", len(w.calls), 1+testParallel+1)
	})
}

func TestDispatchCarriesOn(t *testing.T) {
	release := func(a cordon.Action) cordon.Action {
		return releaseIntended(a, a.At, "operator:ada", "false alarm")
	}
	tests := []struct {
		name string
		log  func(a cordon.Action) []cordon.Action
		want []time.Duration // applies, then releases, in two hours
	}{
		{"intended", func(a cordon.Action) []cordon.Action { return []cordon.Action{a} }, []time.Duration{0, time.Hour}},
		{"applied", func(a cordon.Action) []cordon.Action { return []cordon.Action{a, applied(a, a.At, 1)} }, []time.Duration{time.Hour}},
		{"release intended", func(a cordon.Action) []cordon.Action { return []cordon.Action{a, release(a)} }, []time.Duration{0}},
		{"released", func(a cordon.Action) []cordon.Action {
			return []cordon.Action{a, release(a), released(release(a), a.At, 1)}
		}, nil},
		{"failed", func(a cordon.Action) []cordon.Action { return []cordon.Action{a, failed(a, a.At, 1, "no")} }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, acknowledge, tt.log(now1h("f1", "cam-1"))...)
				defer w.stop()
				pass(2 * time.Hour)
				at := append(w.seen(cordon.Apply, "cam-1"), w.seen(cordon.Release, "cam-1")...)
				check(t, "attempts", at, tt.want)
			})
		})
	}
}

// A clock that is set, or a machine that slept, does not keep a device in
// quarantine for longer than half a minute.
func TestDispatchFollowsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acknowledge)
		defer w.stop()
		w.in <- now1h("f1", "cam-1")
		pass(45 * time.Second)
		w.skew.Store(int64(time.Hour))
		pass(30 * time.Second)
		check(t, "released at", w.seen(cordon.Release, "cam-1"), seconds(60))
	})
}

func TestDispatchReleaseEndsAnApplyUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, v cordon.Verb, _ cordon.Action, _ int) error {
			if v == cordon.Apply {
				return silent(ctx)
			}
			return nil
		})
		defer w.stop()
		a := now1h("f1", "cam-1")
		w.in <- a
		pass(time.Second)
		w.in <- releaseIntended(a, time.Now(), "operator:ada", "false alarm")
		synctest.Wait()
		check(t, "applies", w.seen(cordon.Apply, "cam-1"), seconds(0))
		check(t, "releases", w.seen(cordon.Release, "cam-1"), seconds(1))
		check(t, "steps", w.life("cam-1"), []cordon.ActionState{cordon.ApplyIntended, cordon.ReleaseIntended, cordon.Released})
	})
}
