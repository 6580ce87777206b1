// Command respond contains the devices that findings ask to quarantine, and
// lets them go again.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/spf13/pflag"
)

func main() {
	var s settings
	service.Main(service.Command("respond", "contain devices and let them go again", "127.0.0.1:9466", s.bind, s.run))
}

type settings struct {
	kafka  *service.KafkaFlags
	url    string
	secret *service.Secret
	rules  respond.Rules
}

func (s *settings) bind(fs *pflag.FlagSet) {
	s.kafka = service.BindKafka(fs)
	fs.StringVar(&s.url, "webhook-url", "", "address that quarantines and releases are sent to")
	service.MarkSecret(fs, "webhook-url") // it may hold a token
	s.secret = service.BindSecret(fs, "webhook-secret", "signing secret of Standard Webhooks, whsec_...")
	fs.DurationVar(&s.rules.Lease, "lease", respond.DefaultLease, "length of a quarantine whose policy asks for none")
	fs.DurationVar(&s.rules.MinLease, "min-lease", respond.MinLease, "shortest quarantine")
	fs.DurationVar(&s.rules.MaxLease, "max-lease", respond.MaxLease, "longest quarantine")
	fs.DurationVar(&s.rules.Freshness, "freshness", respond.DefaultFreshness, "a finding that has been in the log for longer is not acted upon")
}

func (s *settings) run(ctx context.Context, sh *service.Shell) error {
	if s.url == "" {
		return errors.New("webhook-url is missing: set --webhook-url or CORDON_WEBHOOK_URL")
	}
	kafka, err := s.kafka.Connect(ctx, sh.Log, "respond", respond.Rights(s.kafka.Topics()))
	if err != nil {
		return err
	}
	text, err := s.secret.Optional() // ParseSecret says how to make one
	if err != nil {
		return err
	}
	secret, err := respond.ParseSecret(text)
	if err != nil {
		return err
	}
	defer sh.Watch(ctx, "kafka", service.KafkaProbe(kafka, s.kafka.Topics().Findings()))()
	defer sh.Watch(ctx, "consumer", service.GroupProbe(kafka, s.kafka.Topics().Prefix+respond.Group))()
	return respond.Run(ctx, respond.Options{
		Kafka: kafka, Topics: s.kafka.Topics(), Session: s.kafka.Session(),
		Log: sh.Log, Registry: sh.Registry, Tracers: sh.Tracers, Now: time.Now,
		Progress: func(p stream.Progress) { sh.Restoring(p.Partitions, p.Left) },
		URL:      s.url, Secret: secret, Rules: s.rules,
	})
}
