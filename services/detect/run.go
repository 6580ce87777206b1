package detect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/services/detect/guard"
	"github.com/cordon-iot/cordon/wkafka"
)

// Group is the consumer group of detect, after the topics' prefix.
const Group = "cordon.detect"

// Options say how to run the service.
type Options struct {
	Kafka    wkafka.Config
	Topics   cordon.Topics
	Policies string                // folder of policies, see engine.Load; "": those in the log
	Files    fs.FS                 // the policies themselves, in place of Policies
	Author   string                // who changes the policies, for the log
	Force    bool                  // put the folder in force at the start although the log has newer policies
	Log      *slog.Logger          // nil: nothing is logged
	Registry prometheus.Registerer // nil: nothing is counted
	Tracers  trace.TracerProvider  // nil: nothing is traced
	Now      func() time.Time      // for latencies and sessions, no decision; nil: none are measured
	Progress func(stream.Progress) // told what is left to read before work begins; may be nil
	Session  time.Duration         // of the consumer group; 0: its default
	Watch    time.Duration         // between looks at the folder of policies; 0: 2 s
	Guard    *guard.Guard          // compiles policies of the folder first, within limits; nil: nobody does
	Engine   engine.Options        // zero will do; Counts and Report are set by Run
}

// defaultWatch is how often the folder of policies is looked at: a change is in
// force after about twice as long.
const defaultWatch = 2 * time.Second

// Run evaluates events until ctx ends. Policies with errors are left out and
// reported; it fails when none is left. When the folder of policies changes,
// all processes go on with the changed ones, or none does if it is broken. Any
// number of processes may run it: each partition is worked on by one of them.
func Run(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	kafka, done := o.Kafka.Shared()
	defer done()
	o.Kafka = kafka
	metrics, unregister, err := newReloadMetrics(o.Registry)
	if err != nil {
		return fmt.Errorf("detect: metrics: %w", err)
	}
	defer unregister()
	if err := o.run(ctx, metrics); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("detect: %w", err)
	}
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Watch == 0 {
		o.Watch = defaultWatch
	}
	if o.Files == nil && o.Policies != "" {
		if _, err := os.Stat(o.Policies); err != nil {
			return o, fmt.Errorf("folder of policies: %w; name the one that holds <area>/<name>/policy.rego", err)
		}
		o.Files = os.DirFS(o.Policies)
	}
	return o, nil
}

// run evaluates events, follows the policies in the log and watches the folder.
func (o Options) run(ctx context.Context, m *reloadMetrics) error {
	lib, err := newLibrary(ctx, o, m)
	if err != nil {
		return err
	}
	w := &watcher{fsys: o.Files, guard: o.Guard, library: lib, author: o.Author, force: o.Force, log: o.Log, metrics: m, now: o.Now}
	if err := w.start(ctx); err != nil {
		return err
	}
	w.force = false // for the start alone
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return lib.follow(ctx) })
	if o.Files != nil {
		g.Go(func() error {
			tick := time.NewTicker(o.Watch)
			defer tick.Stop()
			return w.run(ctx, tick.C)
		})
	}
	g.Go(func() error { return o.evaluate(ctx, lib, m) })
	return g.Wait()
}

// evaluate runs the steps.
func (o Options) evaluate(ctx context.Context, lib *library, m *reloadMetrics) error {
	counts := engine.NewCounts()
	var metrics *stream.Metrics
	if o.Registry != nil {
		c := newCollector(func() *engine.Pack { return lib.latest.Load().pack }, counts)
		if err := o.Registry.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		defer o.Registry.Unregister(c)
		metrics = stream.NewMetrics(o.Registry, o.Now)
	}
	o.Engine.Counts = counts
	o.Engine.Report = newReporter(o.Log).report
	return stream.Run(ctx, stream.Config{
		Kafka: o.Kafka, Group: o.Topics.Prefix + Group, Service: "detect",
		Topics: []string{o.Topics.Events()}, Rejected: o.Topics.Rejected(), State: o.Topics.State(),
		Now: o.Now, Progress: o.Progress,
		Open: func(ctx context.Context, c *stream.Claim) (stream.Step, error) {
			return o.open(ctx, c, lib, m)
		},
		Session: o.Session, Log: o.Log, Metrics: metrics, Traces: tracing.New(o.Tracers, "detect"),
	})
}

// open returns the step of the partition of c.
func (o Options) open(ctx context.Context, c *stream.Claim, lib *library, m *reloadMetrics) (stream.Step, error) {
	j, changes, err := openJournal(ctx, o.Kafka, o.Topics.Changes(), c, c.Partition, c.Start)
	if err != nil {
		return nil, err
	}
	log := o.Log.With("partition", c.Partition)
	o.Engine.Overruns = newOverruns(j.overruns, j.write)
	o.Engine.Now = o.Now
	o.Engine.Trust = true // ingest alone may write events, and writes them in this form
	s := newStep(&course{
		changes: changes,
		fetch:   func(c cordon.Change) (*ruleset, error) { return lib.of(ctx, c) },
		latest:  lib.latest.Load,
		free:    c.Written,
		write: func(ctx context.Context, c cordon.Change) error {
			if err := j.write(ctx, c); err != nil {
				return err
			}
			log.Info("policies of a partition", "ruleset", short(c.Ruleset), "author", c.Author, "from", c.Offset)
			return nil
		},
	}, o.Engine, o.Topics.Findings())
	s.swapped = m.swapped
	return s, nil
}
