package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/services/respond"
)

// readyWithin bounds how long a start may take.
const readyWithin = time.Minute

// System is a cordon that runs in this process.
type System struct {
	Instance datadir.Instance

	settings *Settings
	shell    *service.Shell
	screen   *screen
	plant    plant
	services *running
	closers  []func() error // in the order of the start
}

// Start brings everything up and returns when every service reads its topics.
// w shows how it goes. On an error nothing is left running.
func Start(ctx context.Context, s *Settings, sh *service.Shell, w io.Writer) (*System, error) {
	y := &System{settings: s, shell: sh, screen: newScreen(w)}
	if err := y.start(ctx); err != nil {
		return nil, errors.Join(err, y.Stop())
	}
	return y, nil
}

func (y *System) start(ctx context.Context) error {
	begun := time.Now()
	if err := y.settings.complete(); err != nil {
		return err
	}
	bring := y.connect
	if y.settings.Dev {
		bring = y.embed
	}
	if err := bring(ctx); err != nil {
		return err
	}
	if err := y.loadPolicies(ctx); err != nil {
		return err
	}
	if err := y.serve(ctx); err != nil {
		return err
	}
	return y.publish(time.Since(begun))
}

func (y *System) closing(f func() error) { y.closers = append(y.closers, f) }

// connect uses the Kafka and ClickHouse of the settings.
func (y *System) connect(ctx context.Context) error {
	s := y.settings
	var err error
	if y.plant.kafka, err = s.Kafka.Config("cordon"); err != nil {
		return err
	}
	y.plant.topics = s.Kafka.Topics()
	if err := client.Reach(ctx, y.plant.kafka, y.plant.topics.Events()); err != nil {
		return err
	}
	y.screen.done("broker", "%s", y.plant.kafka.Brokers[0])
	if s.ClickHouse.Given() {
		if y.plant.writer, err = s.ClickHouse.DSN(); err != nil {
			return err
		}
		y.screen.done("store", "the one in --clickhouse")
	}
	secret, err := s.Secret.Value()
	if err != nil {
		return err
	}
	if s.WebhookURL == "" {
		return errors.New("webhook-url is missing: set --webhook-url or CORDON_WEBHOOK_URL")
	}
	return y.respondTo(s.WebhookURL, shortURL(s.WebhookURL), secret)
}

// respondTo sends webhooks to url, which the screen shows as name.
func (y *System) respondTo(url, name, secret string) error {
	parsed, err := respond.ParseSecret(secret)
	if err != nil {
		return err
	}
	y.plant.webhook = respond.Options{URL: url, Secret: parsed, Rules: y.settings.Rules}
	y.screen.done("webhook", "%s   signed, leases up to %s", name, y.settings.Rules.MaxLease)
	return nil
}

// loadPolicies says which policies there are; detect loads them again.
func (y *System) loadPolicies(ctx context.Context) error {
	files, from, err := policyFiles(y.settings.Policies)
	if err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	begun := time.Now()
	pack, err := engine.Load(ctx, files, engine.LoadOptions{KeepGoing: true})
	if err != nil {
		return fmt.Errorf("policies %s: %w", from, err)
	}
	y.plant.policies = detect.Options{Files: files, Author: service.Author(), Force: true} // nobody else runs other ones
	if n := len(pack.Problems); n > 0 {
		y.screen.warn("rules", "%d loaded, %d left out (%s)", len(pack.Policies), n, from)
		fmt.Fprintln(y.screen.w, pack.Problems)
		return nil
	}
	y.screen.done("rules", "%d loaded from %s in %d ms", len(pack.Policies), from, time.Since(begun).Milliseconds())
	return nil
}

// serve starts the services and the health endpoint.
func (y *System) serve(ctx context.Context) error {
	stop, err := y.shell.Serve(y.settings.Listen)
	if err != nil {
		return err
	}
	y.closing(func() error { stop(); return nil })
	m := lag.NewMeter(y.plant.kafka)
	y.closing(func() error { m.Close(); return nil })
	y.services = startServices(context.WithoutCancel(ctx), y.shell, y.plant)
	if err := y.wait(ctx, m); err != nil {
		return err
	}
	unwatch := y.plant.watch(context.WithoutCancel(ctx), y.shell, m, y.storeProbe())
	y.closing(func() error { unwatch(); return nil })
	y.screen.done("services", "ingest, detect, respond, history")
	return nil
}

// wait waits until the services read, or one of them fails.
func (y *System) wait(ctx context.Context, m *lag.Meter) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	ready := make(chan error, 1) // room, so that it ends although nobody asks any more
	go func() { ready <- y.plant.waitReady(ctx, m) }()
	select {
	case err := <-ready:
		return err
	case err := <-y.services.failed:
		return err
	}
}

// storeProbe asks the embedded store whether it answers; nil without one.
func (y *System) storeProbe() func(context.Context) error {
	if y.Instance.Store == "" {
		return nil
	}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, y.Instance.Store+"/ping", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
}

// publish says where everything is, to people and to other commands.
func (y *System) publish(took time.Duration) error {
	s := y.settings
	y.Instance.PID, y.Instance.Started, y.Instance.MaxLease = os.Getpid(), time.Now().UTC(), s.Rules.MaxLease.String()
	if s.Listen != "" {
		y.Instance.Health = "http://" + s.Listen
		y.screen.done("health", "%s/readyz   /livez   /metrics", y.Instance.Health)
	}
	if !s.Dev {
		y.screen.ready(took, "cordon feed FILE --format zeek # records of a file")
		return nil
	}
	if err := datadir.Publish(s.Data, y.Instance); err != nil {
		return err
	}
	y.closing(func() error { return datadir.Withdraw(s.Data) })
	y.screen.done("SQL", "%s/play", y.Instance.Store)
	y.screen.done("reader", "%s", y.Instance.Reader)
	y.screen.ready(took, y.next()...)
	return nil
}

// next are the commands to go on with, each with what it is for.
func (y *System) next() []string {
	if y.settings.Quiet {
		return nil
	}
	return []string{
		"cordon demo # a thousand devices and nine attacks",
		"cordon feed FILE --format zeek # records of your own",
		"cordon tap findings # what policies find",
		"cordon query 'SELECT * FROM v1_findings' # what happened, in SQL",
	}
}

// Failed delivers the error of a service that ended by itself.
func (y *System) Failed() <-chan error { return y.services.failed }

// Stop ends the services, then what they need, in the reverse order of the
// start, and waits for all of it.
func (y *System) Stop() error {
	if y.services != nil {
		y.services.stop()
	}
	var errs []error
	for _, c := range slices.Backward(y.closers) {
		errs = append(errs, c())
	}
	y.closers = nil
	return errors.Join(errs...)
}
