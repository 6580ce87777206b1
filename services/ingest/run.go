package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
	"github.com/cordon-iot/cordon/wkafka"
)

// Options is what a running ingest needs.
type Options struct {
	Kafka    wkafka.Config
	Topics   cordon.Topics
	Log      *slog.Logger
	Registry prometheus.Registerer
	Tracers  trace.TracerProvider // nil: nothing is traced
	Now      func() time.Time     // for latencies in metrics alone
	Session  time.Duration        // of the consumer groups; 0: their default
	Ready    func()               // called once the inventory is up to date; may be nil
}

// Run turns raw records into events until ctx ends. It starts when it has read
// the inventory as far as it goes.
func Run(ctx context.Context, o Options) error {
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry() // counted for nobody
	}
	kafka, done := o.Kafka.Shared()
	defer done()
	o.Kafka = kafka
	g, ctx := errgroup.WithContext(ctx)
	inv, err := follow(ctx, o, g)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	metrics, streams := NewMetrics(o.Registry), stream.NewMetrics(o.Registry, o.Now)
	for _, f := range formats() {
		g.Go(func() error { return stream.Run(ctx, o.config(f, inv, metrics, streams)) })
	}
	if o.Ready != nil {
		o.Ready()
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	return nil
}

// config is how the records of one format are read. Each format has a group of
// its own, so that a flood of one does not hold up the others.
func (o Options) config(f format, inv *inventory.Inventory, m *Metrics, s *stream.Metrics) stream.Config {
	topic := o.Topics.Raw(f.name)
	return stream.Config{
		Kafka:    o.Kafka,
		Group:    Group(o.Topics, f.name),
		Service:  "ingest",
		Topics:   []string{topic},
		Rejected: o.Topics.Rejected(),
		Session:  o.Session,
		Now:      o.Now,
		Log:      o.Log,
		Metrics:  s,
		Traces:   tracing.New(o.Tracers, "ingest"),
		Open: func(ctx context.Context, c *stream.Claim) (stream.Step, error) {
			v := resolve.New(inv)
			if err := relearn(ctx, o.Kafka, c, f, v); err != nil {
				return nil, err
			}
			return newStep(f, o.Topics.Events(), v, m), nil
		},
	}
}

// relearn reads the last records before the first one to apply, so that v knows
// the addresses that whoever had the partition before knew.
func relearn(ctx context.Context, k wkafka.Config, c *stream.Claim, f format, v *resolve.Resolver) error {
	oldest, err := wkafka.StartOffset(ctx, k, c.Topic, c.Partition)
	if err != nil {
		return err
	}
	from := max(c.Start-resolve.Horizon, oldest)
	if from >= c.Start {
		return nil
	}
	m := f.mapper(unmeasured())
	var r report.Report
	_, err = stream.Replay(ctx, k, c.Topic, c.Partition, from, c.Start, func(in cordon.Record) error {
		learn(m, &r, in, v)
		return nil
	})
	return err
}

// learn tells v what in says about addresses. A record that made the mapper
// panic was rejected for it when it was applied; it does not count here either.
func learn(m mapper, r *report.Report, in cordon.Record, v *resolve.Resolver) {
	defer func() { _ = recover() }()
	r.Reset()
	if m.Map(in, r) == nil {
		v.Learn(r, in.Position.Offset)
	}
}

// follow folds the devices topic: up to its end before it returns, then for as
// long as ctx lasts.
func follow(ctx context.Context, o Options, g *errgroup.Group) (*inventory.Inventory, error) {
	f, topic := &folder{inventory.New(), o.Log}, o.Topics.Devices()
	partitions, err := wkafka.Partitions(ctx, o.Kafka, topic)
	if err != nil {
		return nil, err
	}
	for p := range partitions {
		next, err := stream.Replay(ctx, o.Kafka, topic, p, 0, -1, f.fold)
		if err != nil {
			return nil, fmt.Errorf("inventory: %w", err)
		}
		g.Go(func() error { return stream.Follow(ctx, o.Kafka, topic, p, next, f.fold) })
	}
	f.Publish()
	return f.Inventory, nil
}

// folder folds records into an inventory. A record that is no device is logged
// and passed over: it must not keep events from being made.
type folder struct {
	*inventory.Inventory
	log *slog.Logger
}

func (f *folder) fold(r cordon.Record) error {
	if err := f.Fold(r); err != nil {
		f.log.Warn("record of the inventory passed over", "record", r.Position.String(), "err", err)
	}
	return nil
}
