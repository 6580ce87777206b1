// Package up is `cordon up`: the three services in one process, and with --dev
// all that they need beside them: a broker, a store and a receiver of their
// webhooks.
package up

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/cmd/cordon/client"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/respond"
)

// DevLease is the length of every quarantine with --dev, unless --max-lease
// says otherwise: short, so that a release is seen.
const DevLease = 20 * time.Second

// Settings are those of `cordon up`.
type Settings struct {
	Dev      bool
	Data     string // directory of all that --dev keeps
	Listen   string // health and metrics
	Policies string // directory; empty: found, or those that came with the program

	Broker     string // addresses of the embedded parts
	Store      string
	Partitions int
	Sync       bool

	Kafka      *service.KafkaFlags
	ClickHouse *client.StoreFlags
	WebhookURL string
	Secret     *service.Secret
	Rules      respond.Rules

	Quiet bool // do not say what can be done next

	set *pflag.FlagSet
}

// Default addresses. Where one is taken and nobody asked for it, a free one is
// used instead.
const (
	defaultListen = "127.0.0.1:8080"
	defaultBroker = "127.0.0.1:9092"
	defaultStore  = "127.0.0.1:8123"
)

// Bind adds the settings to fs.
func (s *Settings) Bind(fs *pflag.FlagSet) {
	s.set = fs
	fs.BoolVar(&s.Dev, "dev", false, "bring a broker, a store and a webhook receiver along")
	fs.StringVar(&s.Listen, "listen", defaultListen, "address of /livez, /readyz and /metrics; empty serves none")
	fs.StringVar(&s.Policies, "policies", "", "directory of policies; empty: ./policies or the one of a parent directory, or those that came with the program")
	s.bindEmbedded(fs)
	s.Kafka = service.BindKafka(fs)
	s.ClickHouse = client.BindStore(fs)
	fs.StringVar(&s.WebhookURL, "webhook-url", "", "address that quarantines and releases are sent to")
	service.MarkSecret(fs, "webhook-url") // it may hold a token
	s.Secret = service.BindSecret(fs, "webhook-secret", "signing secret of Standard Webhooks, whsec_...")
	fs.DurationVar(&s.Rules.Lease, "lease", respond.DefaultLease, "length of a quarantine whose policy asks for none")
	fs.DurationVar(&s.Rules.MinLease, "min-lease", respond.MinLease, "shortest quarantine")
	fs.DurationVar(&s.Rules.MaxLease, "max-lease", respond.MaxLease, "longest quarantine; 20s with --dev")
	fs.DurationVar(&s.Rules.Freshness, "freshness", respond.DefaultFreshness, "a finding that has been in the log for longer is not acted upon")
}

func (s *Settings) bindEmbedded(fs *pflag.FlagSet) {
	fs.StringVar(&s.Data, "data", ".cordon", "with --dev: directory of everything that is kept")
	fs.StringVar(&s.Broker, "broker-listen", defaultBroker, "with --dev: address of the broker, on loopback")
	fs.StringVar(&s.Store, "store-listen", defaultStore, "with --dev: address of the store")
	fs.IntVar(&s.Partitions, "partitions", 4, "with --dev: partitions of new topics")
	fs.BoolVar(&s.Sync, "sync", false, "with --dev: fsync every batch before it is acknowledged")
}

// complete fills in what follows from other settings.
func (s *Settings) complete() error {
	if s.Dev {
		if s.set.Changed("kafka-brokers") || s.ClickHouse.Given() {
			return errors.New("--dev brings a broker and a store along: leave out --dev, or --kafka-brokers and --clickhouse")
		}
		if !s.set.Changed("max-lease") {
			s.Rules.MaxLease = DevLease
		}
		s.Broker, s.Store = s.free("broker-listen", s.Broker), s.free("store-listen", s.Store)
		s.Listen = fixed(s.free("listen", s.Listen))
	}
	if s.set.Changed("max-lease") || s.Dev {
		s.Rules.Lease = min(s.Rules.Lease, s.Rules.MaxLease)
		s.Rules.MinLease = min(s.Rules.MinLease, s.Rules.MaxLease)
	}
	return nil
}

// free returns address, or with a default address that is taken, a free one on
// the same host.
func (s *Settings) free(flag, address string) string {
	if address == "" || s.set.Changed(flag) || !taken(address) {
		return address
	}
	return anyPort(address)
}
