package up

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/cordon-iot/cordon/wkafka"
)

// plant is where the services run: what they connect to and how.
type plant struct {
	kafka    wkafka.Config
	topics   cordon.Topics
	writer   string // DSN; empty: no history is kept
	policies detect.Options
	webhook  respond.Options
}

// running are the services while they run.
type running struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	failed chan error // the first service that ended by itself
}

// startServices starts all services of p in this process.
func startServices(ctx context.Context, sh *service.Shell, p plant) *running {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{cancel: cancel, failed: make(chan error, 1)}
	for name, run := range p.services(sh) {
		r.wg.Go(func() { r.keep(ctx, name, run) })
	}
	return r
}

// keep runs one service. Only the first failure counts: the others follow from
// it or from the stop.
func (r *running) keep(ctx context.Context, name string, run func(context.Context) error) {
	err := run(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = fmt.Errorf("%s ended without an error", name)
	}
	select {
	case r.failed <- err:
	default:
	}
}

func (r *running) stop() {
	r.cancel()
	r.wg.Wait()
}

func (p plant) services(sh *service.Shell) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{
		"ingest": func(ctx context.Context) error {
			log, reg := part(sh, "ingest")
			return ingest.Run(ctx, ingest.Options{Kafka: p.client("ingest"), Topics: p.topics, Log: log, Registry: reg, Tracers: sh.Tracers, Now: time.Now})
		},
		"detect": func(ctx context.Context) error {
			o := p.policies
			o.Kafka, o.Topics, o.Now = p.client("detect"), p.topics, time.Now
			o.Log, o.Registry = part(sh, "detect")
			o.Tracers = sh.Tracers
			return detect.Run(ctx, o)
		},
		"respond": func(ctx context.Context) error {
			o := p.webhook
			o.Kafka, o.Topics, o.Now = p.client("respond"), p.topics, time.Now
			o.Log, o.Registry = part(sh, "respond")
			o.Tracers = sh.Tracers
			return respond.Run(ctx, o)
		},
	}
	if p.writer != "" {
		all["history"] = func(ctx context.Context) error {
			log, reg := part(sh, "history")
			return history.Run(ctx, history.Options{Kafka: p.client("history"), Topics: p.topics, DSN: p.writer, Log: log, Registry: reg, Tracers: sh.Tracers, Now: time.Now})
		}
	}
	return all
}

func (p plant) client(id string) wkafka.Config {
	k := p.kafka
	k.ClientID = id
	return k
}

// part returns the log and registry of one service. The label tells apart the
// metrics that all services have.
func part(sh *service.Shell, name string) (*slog.Logger, prometheus.Registerer) {
	return sh.Log.With("service", name), prometheus.WrapRegistererWith(prometheus.Labels{"service": name}, sh.Registry)
}

// waitReady waits until every service reads its topics.
func (p plant) waitReady(ctx context.Context, m *lag.Meter) error {
	for _, s := range p.stages() {
		if err := m.WaitReading(ctx, s); err != nil {
			return fmt.Errorf("%s is not ready: %w", s.Name, err)
		}
	}
	return nil
}

func (p plant) stages() []lag.Stage {
	all := lag.Stages(p.topics)
	if p.writer == "" {
		all = all[:len(all)-1] // history
	}
	return all
}

// watch keeps the health of every part up to date until the returned function
// is called.
func (p plant) watch(ctx context.Context, sh *service.Shell, m *lag.Meter, store func(context.Context) error) (stop func()) {
	stops := []func(){sh.Watch(ctx, "broker", service.KafkaProbe(p.kafka, p.topics.Events()))}
	for _, s := range p.stages() {
		stops = append(stops, sh.Watch(ctx, s.Name, func(ctx context.Context) error { return m.Reading(ctx, s) }))
	}
	if store != nil {
		stops = append(stops, sh.Watch(ctx, "store", store))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}
