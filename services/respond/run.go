package respond

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// DefaultParallel is how many applies, and how many releases, are under way at
// a time.
const DefaultParallel = 64

// Group is the consumer group of respond, after the topics' prefix.
const Group = "cordon.respond"

// Options say how to run the service.
type Options struct {
	Kafka    wkafka.Config
	Topics   cordon.Topics
	Log      *slog.Logger          // nil: nothing is logged
	Registry prometheus.Registerer // nil: nothing is counted
	Tracers  trace.TracerProvider  // nil: nothing is traced
	Now      func() time.Time
	Progress func(stream.Progress) // told what is left to read before work begins; may be nil

	URL      string        // where webhooks go
	Secret   Secret        // that signs them
	Rules    Rules         // zero values mean the defaults
	Session  time.Duration // of the consumer group; 0: its default
	Parallel int           // attempts at a time; 0 means DefaultParallel
	Enforcer Enforcer      // nil: a Webhook of URL and Secret
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Parallel == 0 {
		o.Parallel = DefaultParallel
	}
	o.Rules = o.Rules.withDefaults()
	return o
}

func (o Options) validate() error {
	if o.Now == nil {
		return errors.New("options: Now is missing")
	}
	if o.Parallel < 1 {
		return fmt.Errorf("parallel attempts %d: want at least 1", o.Parallel)
	}
	return o.Rules.validate()
}

// Run answers findings until ctx ends. Any number of processes may run it: each
// partition is worked on by one of them.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return fmt.Errorf("respond: %w", err)
	}
	if o.Enforcer == nil {
		hook, err := NewWebhook(WebhookConfig{URL: o.URL, Secret: o.Secret, Now: o.Now, Conns: 2 * o.Parallel})
		if err != nil {
			return fmt.Errorf("respond: %w", err)
		}
		defer hook.Close()
		o.Enforcer = hook
	}
	kafka, done := o.Kafka.Shared()
	defer done()
	o.Kafka = kafka
	o.Rules.Enforcer = o.Enforcer.Name()
	r := &responder{Options: o, traces: tracing.New(o.Tracers, "respond")}
	if o.Registry != nil {
		r.metrics, r.stream = newMetrics(o.Registry), stream.NewMetrics(o.Registry, o.Now)
	}
	return r.run(ctx)
}

// responder is what the partitions of one process share.
type responder struct {
	Options
	metrics *metrics
	stream  *stream.Metrics
	traces  *tracing.Tracer
	crew    crew
}

func (r *responder) run(ctx context.Context) error {
	r.crew = newCrew(r.Enforcer, r.Parallel, r.Now, r.Log, r.metrics)
	r.crew.traces = r.traces
	err := stream.Run(ctx, stream.Config{
		Kafka: r.Kafka, Group: r.Topics.Prefix + Group, Service: "respond",
		Topics: []string{r.Topics.Findings()}, Rejected: r.Topics.Rejected(),
		Now: r.Now, Progress: r.Progress,
		Session: r.Session, Open: r.open, Log: r.Log, Metrics: r.stream, Traces: r.traces,
	})
	if err != nil {
		return fmt.Errorf("respond: %w", err)
	}
	return nil
}

// open rebuilds the state of a partition from its actions and starts to follow
// them.
func (r *responder) open(ctx context.Context, c *stream.Claim) (stream.Step, error) {
	actions := r.Topics.Actions()
	if err := samePartitions(ctx, r.Kafka, c.Topic, actions); err != nil {
		return nil, err
	}
	log := r.Log.With("partition", c.Partition)
	p := &partition{
		rules: r.Rules, topic: actions, now: r.Now, log: log, metrics: r.metrics,
		dispatch: r.crew.heldBy(c.Lease).dispatcher(appendTo(c, actions, log, r.traces)), state: NewState(), traces: newTraces(r.traces),
	}
	next, err := c.Replay(ctx, actions, c.Partition, 0, -1, func(rec cordon.Record) error {
		p.fold(rec)
		return nil
	})
	if err != nil {
		p.metrics.closed(len(p.open()))
		return nil, fmt.Errorf("replay %s/%d: %w", actions, c.Partition, err)
	}
	log.Info("actions replayed", "next", next, "open", len(p.open()))
	c.Go(func(ctx context.Context) error { return p.follow(ctx, r.Kafka, c.Partition, next) })
	return p, nil
}
