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

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/wkafka"
)

// Group is the consumer group of detect, after the topics' prefix.
const Group = "cordon.detect"

// Options say how to run the service.
type Options struct {
	Kafka    wkafka.Config
	Topics   cordon.Topics
	Policies string                // folder of policies, see engine.Load
	Files    fs.FS                 // the policies themselves, in place of Policies
	Log      *slog.Logger          // nil: nothing is logged
	Registry prometheus.Registerer // nil: nothing is counted
	Tracers  trace.TracerProvider  // nil: nothing is traced
	Now      func() time.Time      // for latencies and sessions, no decision; nil: none are measured
	Progress func(stream.Progress) // told what is left to read before work begins; may be nil
	Session  time.Duration         // of the consumer group; 0: its default
	Engine   engine.Options        // zero will do; Counts and Report are set by Run
}

// Run evaluates events until ctx ends. Policies with errors are left out and
// reported; it fails when none is left. Any number of processes may run it:
// each partition is worked on by one of them.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	kafka, done := o.Kafka.Shared()
	defer done()
	o.Kafka = kafka
	pack, err := o.load(ctx)
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	counts := engine.NewCounts()
	var metrics *stream.Metrics
	if o.Registry != nil {
		c := newCollector(pack, counts)
		if err := o.Registry.Register(c); err != nil {
			return fmt.Errorf("detect: metrics: %w", err)
		}
		defer o.Registry.Unregister(c)
		metrics = stream.NewMetrics(o.Registry, o.Now)
	}
	o.Engine.Counts = counts
	o.Engine.Report = newReporter(o.Log).report
	err = stream.Run(ctx, stream.Config{
		Kafka: o.Kafka, Group: o.Topics.Prefix + Group, Service: "detect",
		Topics: []string{o.Topics.Events()}, Rejected: o.Topics.Rejected(), State: o.Topics.State(),
		Now: o.Now, Progress: o.Progress,
		Open: func(context.Context, *stream.Claim) (stream.Step, error) {
			return &step{engine: engine.New(pack, o.Engine), findings: o.Topics.Findings()}, nil
		},
		Session: o.Session, Log: o.Log, Metrics: metrics, Traces: tracing.New(o.Tracers, "detect"),
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("detect: %w", err)
	}
	return nil
}

// load compiles the policies and says what was left out.
func (o Options) load(ctx context.Context) (*engine.Pack, error) {
	files := o.Files
	if files == nil {
		if _, err := os.Stat(o.Policies); err != nil {
			return nil, fmt.Errorf("folder of policies: %w; name the one that holds <area>/<name>/policy.rego", err)
		}
		files = os.DirFS(o.Policies)
	}
	pack, err := engine.Load(ctx, files, engine.LoadOptions{KeepGoing: true})
	if err != nil {
		return nil, err
	}
	for _, p := range pack.Problems {
		o.Log.Error("policy left out", "file", p.File, "line", p.Line, "cause", p.Cause, "next", p.Next)
	}
	o.Log.Info("policies loaded", "policies", len(pack.Policies), "problems", len(pack.Problems))
	return pack, nil
}
