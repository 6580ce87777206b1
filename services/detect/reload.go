package detect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/check"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/services/detect/guard"
)

// testTime bounds how long the tests of a changed folder may take.
const testTime = time.Minute

// watcher puts a folder of policies in force when it changes. A change that
// does not compile, or whose own tests fail, changes nothing but a metric and
// the log of the program.
type watcher struct {
	fsys    fs.FS
	guard   *guard.Guard // may be nil
	library *library
	author  string
	force   bool
	log     *slog.Logger
	metrics *reloadMetrics
	now     func() time.Time

	held    string // digest of what the folder held when it was last in order
	done    string // signature of what was looked at
	resting string // signature at the last tick
}

// start puts what the folder holds in force, unless the log knows better, and
// leaves out the policies that are broken: one must not keep a service from
// starting that is there for all others.
func (w *watcher) start(ctx context.Context) error {
	err := w.library.catchUp(ctx)
	if w.fsys == nil {
		return err
	}
	if w.done, err = signature(w.fsys); err != nil {
		return err
	}
	w.resting = w.done
	return w.first(ctx)
}

// first is start for the folder.
func (w *watcher) first(ctx context.Context) error {
	files, err := readFolder(w.fsys)
	if err != nil {
		return err
	}
	if err := w.leaveOut(ctx, files.rules); err != nil {
		return err
	}
	set := cordon.NewRuleset(files.rules, w.author, w.time(), nil)
	pack, err := load(ctx, engine.LoadOptions{KeepGoing: true}, set.Files)
	if err != nil {
		if w.library.latest.Load() == nil {
			return err
		}
		w.broken(err)
		return nil
	}
	for _, p := range pack.Problems {
		w.log.Error("policy left out", "file", p.File, "line", p.Line, "cause", p.Cause, "next", p.Next)
	}
	return w.offer(ctx, set, pack)
}

// leaveOut takes out of files what costs too much to compile. It must not get
// into the log, where everybody would compile it.
func (w *watcher) leaveOut(ctx context.Context, files map[string]string) error {
	bad, err := w.guard.Refused(ctx, files)
	for _, p := range bad {
		delete(files, p.File)
		w.log.Error("policy left out", "file", p.File, "line", p.Line, "cause", p.Cause, "next", p.Next)
	}
	return err
}

// run looks at the folder at every tick until ctx ends.
func (w *watcher) run(ctx context.Context, tick <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
			if err := w.look(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// look puts the folder in force if somebody has changed it and it has rested
// since the last look: a folder that is being copied is not what anybody meant.
func (w *watcher) look(ctx context.Context) error {
	now, err := signature(w.fsys)
	if err != nil {
		now = err.Error()
	}
	rests := now == w.resting
	w.resting = now
	if now == w.done || !rests {
		return nil
	}
	w.done = now
	set, pack, err := w.try(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.broken(err)
		}
		return nil
	}
	w.metrics.broken(false)
	if set.Digest == w.held {
		return nil
	}
	return w.offer(ctx, set, pack)
}

// try compiles the folder and runs its tests.
func (w *watcher) try(ctx context.Context) (cordon.Ruleset, *engine.Pack, error) {
	files, err := readFolder(w.fsys)
	if err != nil {
		return cordon.Ruleset{}, nil, err
	}
	switch bad, err := w.guard.Refused(ctx, files.rules); {
	case err != nil:
		return cordon.Ruleset{}, nil, err
	case len(bad) > 0:
		return cordon.Ruleset{}, nil, bad
	}
	set := cordon.NewRuleset(files.rules, w.author, w.time(), nil)
	pack, err := load(ctx, engine.LoadOptions{}, set.Files)
	if err != nil {
		return set, nil, err
	}
	return set, pack, test(ctx, set.Files, files.tests)
}

// test runs the Rego tests beside the policies.
func test(ctx context.Context, rules, tests map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	fsys, err := inMemory(rules, tests)
	if err != nil {
		return err
	}
	n, failed, err := check.Rego(ctx, fsys)
	if err != nil {
		return fmt.Errorf("tests of the policies: %w", err)
	}
	if len(failed) > 0 {
		return &testsFailed{n, failed}
	}
	return nil
}

// testsFailed says which tests of a folder did not pass.
type testsFailed struct {
	of     int
	failed []check.Failure
}

// Error names the first.
func (e *testsFailed) Error() string {
	return fmt.Sprintf("%d of %d tests did not pass, such as %s", len(e.failed), e.of, e.failed[0])
}

// broken says why the folder is not put in force, at its place.
func (w *watcher) broken(err error) {
	w.metrics.broken(true)
	w.metrics.changed("broken")
	var problems engine.Problems
	var tests *testsFailed
	const what = "changed policies are not put in force; those before stay"
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			w.log.Error(what, "file", p.File, "line", p.Line, "cause", p.Cause, "next", p.Next)
		}
	case errors.As(err, &tests):
		for _, f := range tests.failed {
			w.log.Error(what, "file", f.Where, "cause", f.What, "next", "correct the policy or its test; `opa test` of the folder says more")
		}
	default:
		w.log.Error(what, "err", err, "next", "the folder is looked at again when it changes")
	}
}

// offer puts set in force unless that would undo what others did: a set that
// was in force once comes back only from a folder that held the newest one and
// was then changed. A process that is started late with an old folder, or to
// which a change comes late, runs what the log has.
func (w *watcher) offer(ctx context.Context, set cordon.Ruleset, pack *engine.Pack) error {
	before := w.held
	w.held = set.Digest
	newest, at, err := w.library.newest(ctx)
	if err != nil {
		return err
	}
	switch {
	case newest == nil:
	case newest.Digest == set.Digest:
		w.library.hold(*newest, at, pack)
		return nil
	case !w.force && before != newest.Digest && slices.Contains(newest.Before, set.Digest):
		w.metrics.changed("stale")
		w.log.Warn("the folder holds policies that were replaced since; those in the log stay in force",
			"folder", short(set.Digest), "log", short(newest.Digest), "author", newest.Author,
			"next", "bring the folder up to date, or start with --policies-force to go back to it")
		return w.behind(ctx)
	}
	return w.library.publish(ctx, cordon.NewRuleset(set.Files, w.author, w.time(), newest), pack)
}

// behind is what is done when the folder holds what was replaced: the log's are
// to run.
func (w *watcher) behind(ctx context.Context) error {
	err := w.library.catchUp(ctx)
	if err != nil && w.library.latest.Load() == nil {
		return fmt.Errorf("%w; the folder holds what they replaced: run the version of the program that published them, or start with --policies-force", err)
	}
	return nil
}

func (w *watcher) time() time.Time {
	if w.now == nil {
		return time.Time{}
	}
	return w.now()
}
