package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/check"
)

// options say what a run does.
type options struct {
	broker      string // embedded, apache or apache3
	events      int
	rate        int // events a second
	kills       int
	seed        uint64
	session     time.Duration // of consumer groups
	lease       time.Duration // of quarantines
	patience    time.Duration // until all is settled at the end, beside the lease
	slack       time.Duration // more time to recover, for machines that do other work
	noRecovery  bool          // leave out the measurement of recovery times
	sabotage    string        // defect to put in
	bin, out    string        // folders of programs and results
	jars        string        // folder with those of Apache Kafka
	trace       bool          // write down requests that change nothing too
	keep        bool          // the folder of a run without defects
	every       time.Duration // between samples
	steadyLimit float64       // goroutines a minute that a steady run may gain; 0 for no limit
	steadyMiB   float64       // and memory
	allWrites   bool          // somebody has to be killed at each kind of write
}

// Result is what a run found.
type Result struct {
	Broker     string            `json:"broker"`
	Seed       uint64            `json:"seed"`
	Events     int               `json:"events"`
	Seconds    float64           `json:"seconds"`
	Kills      int               `json:"kills"`
	By         map[string]int    `json:"injected"` // by what was done to whom
	Injected   []Injected        `json:"log"`
	Points     map[string]int    `json:"points"` // requests at which something could go wrong
	Missed     map[string]int    `json:"missed"` // cards whose site was not reached in time
	Recoveries []Recovery        `json:"recoveries"`
	Unmeasured []string          `json:"unmeasured"` // why recoveries are missing
	Standstill []Standstill      `json:"standstill"`
	Unstruck   []string          `json:"unstruck"` // writes at which nobody was killed
	Ended      []string          `json:"ended"`    // programs that ended by themselves
	Rounds     int               `json:"rounds"`   // of samples
	Weights    map[string]Weight `json:"weights"`
	Settled    string            `json:"unsettled,omitempty"` // what was left after the wait
	Settle     float64           `json:"settle_s"`
	Report     *check.Report     `json:"report"`
	Failures   []string          `json:"failures"`
	Dir        string            `json:"dir"`
}

// run runs everything and judges it.
func run(ctx context.Context, o options, out io.Writer) (*Result, error) {
	dir, err := filepath.Abs(filepath.Join(o.out, fmt.Sprintf("%s-%d", o.broker, o.seed)))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o750)); err != nil {
		return nil, err
	}
	d := newDirector(o.session, rand.New(rand.NewPCG(o.seed, 4))) //nolint:gosec // it is to be repeatable
	w, err := newWorld(o, dir, d)
	if err != nil {
		return nil, err
	}
	defer w.close()
	say(out, d, "starting %s broker, store and %d instances of each service", o.broker, replicas)
	if err := w.start(ctx); err != nil {
		w.dump(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start: %w; logs in %s", err, dir)
	}
	r := &Result{Broker: o.broker, Seed: o.seed, Events: o.events, Dir: dir}
	err = w.stress(ctx, r, out)
	return r, err
}

// say prints a line with the time of the run.
func say(out io.Writer, d *director, format string, args ...any) {
	fmt.Fprintf(out, "%7.2f s  %s\n", time.Since(d.begun).Seconds(), fmt.Sprintf(format, args...))
}

// stress feeds, lets things go wrong, waits until all is quiet and judges.
func (w *world) stress(ctx context.Context, r *Result, out io.Writer) error {
	d := w.director
	sampling, stop := context.WithCancel(ctx)
	s := &sampler{w: w}
	var wg sync.WaitGroup
	wg.Go(func() { s.run(sampling, w.o.every) })
	defer func() { stop(); wg.Wait() }()
	if err := w.disturb(ctx, r, out); err != nil {
		return err
	}
	r.Injected, r.Kills = d.log(), d.killed()
	r.Points, r.Missed = d.reached()
	r.Unstruck = d.unstruck()
	say(out, d, "all is fed, %d kills; waiting until all is settled", r.Kills)
	begun := time.Now()
	err := w.settle(ctx, w.o.patience+w.o.lease)
	r.Ended = w.ended() // before those that the dump ends
	if err != nil {
		r.Settled = err.Error()
		say(out, d, "not settled: %v", err)
		w.dump(ctx)
	}
	r.Settle = time.Since(begun).Seconds()
	if err := w.sabotaged(ctx); err != nil {
		return err
	}
	r.Weights, r.Rounds = s.weights()
	say(out, d, "reading what was left behind")
	h, err := w.history(ctx)
	if err != nil {
		return err
	}
	r.Report = check.Check(h)
	r.Seconds = time.Since(d.begun).Seconds()
	r.judge(w.o)
	return nil
}

// sabotaged puts in a defect, if that is asked for, and lets it settle.
func (w *world) sabotaged(ctx context.Context) error {
	if err := w.sabotage.again(ctx, w); err != nil || w.sabotage.kind == "" {
		return err
	}
	_ = w.settle(ctx, 20*time.Second) // what does not settle is what the checker has to notice
	return nil
}

// recoveryRate is how many records a second there are at most while recovery
// times are measured: with more, three brokers and nine instances leave nothing
// of two processors, and what is measured is how long one waits for those.
const recoveryRate = 300

// leastRest is for how many seconds there is to be a load while things go
// wrong.
const leastRest = 20

// disturb feeds the load and lets things go wrong meanwhile.
func (w *world) disturb(ctx context.Context, r *Result, out io.Writer) error {
	d := w.director
	var f feeder
	f.rate.Store(int64(w.o.rate))
	fed := make(chan error, 1)
	if !w.o.noRecovery {
		f.rate.Store(int64(min(w.o.rate, recoveryRate)))
	}
	go func() {
		err := w.feed(ctx, &f)
		w.ledger.close(time.Now()) // from now on there is not much to commit
		fed <- err
	}()
	if !w.o.noRecovery {
		say(out, d, "feeding %d records a second; measuring recovery times meanwhile", f.rate.Load())
		r.Recoveries, r.Unmeasured = w.recoveries(ctx)
		for _, x := range r.Recoveries {
			say(out, d, "%s", x)
		}
	}
	f.rate.Store(int64(w.o.rate))
	say(out, d, "%d records a second; things go wrong from now on", w.o.rate)
	d.start()
	rest := float64(int64(w.o.events)-f.sent.Load()) / float64(w.o.rate)
	left := max(time.Duration(rest*float64(time.Second)), 10*time.Second)
	if w.o.kills > 0 && rest < leastRest {
		return fmt.Errorf("the load lasts %.0f s more, too short for much to go wrong: more events, or a lower rate", rest)
	}
	limited, cancel := context.WithTimeout(ctx, left+time.Minute)
	defer cancel()
	newScheduler(w, w.o.seed).run(limited, w.o.kills, left*9/10)
	var err error
	select {
	case err = <-fed:
	case <-time.After(left + 2*time.Minute):
		err = fmt.Errorf("the load is not fed: %d of %d records acknowledged", f.acked.Load(), w.o.events)
	}
	d.disarm()
	r.Standstill = w.ledger.standstills(w.flow())
	return err
}

// save writes the result as JSON.
func (r *Result) save(out string) (string, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	name := filepath.Join(out, fmt.Sprintf("chaos-%s-%d.json", r.Broker, r.Seed))
	return name, os.WriteFile(name, b, 0o600)
}
