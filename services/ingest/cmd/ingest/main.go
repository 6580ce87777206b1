// Command ingest turns raw records into events, and writes every topic to
// ClickHouse.
package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/wkafka"
)

func main() {
	var s settings
	service.Main(service.Command("ingest", "turn raw records into events and keep the history", "127.0.0.1:9464", s.bind, s.run))
}

type settings struct {
	kafka    *service.KafkaFlags
	dsn      string
	password *service.Secret
}

func (s *settings) bind(fs *pflag.FlagSet) {
	s.kafka = service.BindKafka(fs)
	fs.StringVar(&s.dsn, "clickhouse", "", "where the history is written, such as http://cordon_writer@host:8123/cordon; empty keeps none")
	service.MarkSecret(fs, "clickhouse")
	s.password = service.BindSecret(fs, "clickhouse-password", "password of that user")
}

func (s *settings) run(ctx context.Context, sh *service.Shell) error {
	kafka, err := s.kafka.Connect(ctx, sh.Log, "ingest", s.rights())
	if err != nil {
		return err
	}
	stop, err := s.watch(ctx, sh, kafka)
	if err != nil {
		return err
	}
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return ingest.Run(ctx, ingest.Options{
			Kafka: kafka, Topics: s.kafka.Topics(), Session: s.kafka.Session(), Log: sh.Log, Registry: sh.Registry, Tracers: sh.Tracers, Now: time.Now,
		})
	})
	if s.dsn != "" {
		g.Go(func() error { return s.history(ctx, sh, kafka) })
	}
	return g.Wait()
}

func (s *settings) rights() wkafka.Rights {
	r := ingest.Rights(s.kafka.Topics())
	if s.dsn == "" {
		return r
	}
	return r.And(history.Rights(s.kafka.Topics()))
}

// watch keeps the health of what ingest needs up to date until stop is called.
func (s *settings) watch(ctx context.Context, sh *service.Shell, kafka wkafka.Config) (stop func(), err error) {
	topics := s.kafka.Topics()
	probes := map[string]func(context.Context) error{"kafka": service.KafkaProbe(kafka, topics.Events())}
	groups := ingest.Groups(topics)
	if s.dsn != "" {
		groups = append(groups, topics.Prefix+history.Group)
		if probes["clickhouse"], err = history.Pinger(s.dsn); err != nil {
			return nil, err
		}
	}
	probes["consumer"] = service.GroupProbe(kafka, groups...)
	var stops []func()
	for part, probe := range probes {
		stops = append(stops, sh.Watch(ctx, part, probe))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}, nil
}

func (s *settings) history(ctx context.Context, sh *service.Shell, kafka wkafka.Config) error {
	password, err := s.password.Optional()
	if err != nil {
		return err
	}
	return history.Run(ctx, history.Options{
		Kafka: kafka, Topics: s.kafka.Topics(), DSN: s.dsn, Password: password,
		Session: s.kafka.Session(),
		Log:     sh.Log, Registry: sh.Registry, Tracers: sh.Tracers, Now: time.Now,
	})
}
