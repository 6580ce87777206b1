package service

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/spf13/pflag"
)

// KafkaFlags are the settings of a process that reads or writes the log.
type KafkaFlags struct {
	brokers       []string
	prefix        string
	ca, cert, key string
	user          string
	password      *Secret
	clientID      string
	session       time.Duration
}

// BindKafka adds the settings of the log to fs.
func BindKafka(fs *pflag.FlagSet) *KafkaFlags {
	k := &KafkaFlags{}
	fs.StringSliceVar(&k.brokers, "kafka-brokers", []string{"127.0.0.1:9092"}, "addresses of Kafka brokers, comma separated")
	fs.StringVar(&k.prefix, "topic-prefix", "", "goes before the name of every topic")
	fs.StringVar(&k.ca, "kafka-tls-ca", "", "file with the CA that signed the brokers' certificates; switches TLS on")
	fs.StringVar(&k.cert, "kafka-tls-cert", "", "file with this client's certificate")
	fs.StringVar(&k.key, "kafka-tls-key", "", "file with the key of that certificate")
	fs.StringVar(&k.user, "kafka-user", "", "user of SASL/SCRAM-SHA-512; switches SASL on")
	k.password = BindSecret(fs, "kafka-password", "password of --kafka-user")
	fs.StringVar(&k.clientID, "kafka-client-id", "", "name of this process in the brokers' logs, metrics and quotas; empty: that of the program")
	fs.DurationVar(&k.session, "kafka-session", 0, "a process that gives no sign of life for so long loses its partitions to others; 0: 10s")
	return k
}

// Session is the session timeout of consumer groups; 0 for the default.
func (k *KafkaFlags) Session() time.Duration { return k.session }

// Topics names the topics.
func (k *KafkaFlags) Topics() cordon.Topics { return cordon.Topics{Prefix: k.prefix} }

// KafkaProbe reports whether the brokers answer for topic.
func KafkaProbe(c wkafka.Config, topic string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := wkafka.Partitions(ctx, c, topic)
		return err
	}
}

// Config is how to reach the brokers, with certificates and secrets read.
// program names the client unless --kafka-client-id does.
func (k *KafkaFlags) Config(program string) (wkafka.Config, error) {
	c := wkafka.Config{Brokers: k.brokers, ClientID: cmp.Or(k.clientID, program)}
	var err error
	if c.TLS, err = k.tls(); err != nil {
		return wkafka.Config{}, err
	}
	if k.user == "" {
		return c, nil
	}
	password, err := k.password.Value()
	if err != nil {
		return wkafka.Config{}, err
	}
	if c.SASL, err = scram.Mechanism(scram.SHA512, k.user, password); err != nil {
		return wkafka.Config{}, fmt.Errorf("kafka-user %s: %w", k.user, err)
	}
	return c, nil
}

func (k *KafkaFlags) tls() (*tls.Config, error) {
	if k.ca == "" {
		if k.cert != "" || k.key != "" {
			return nil, errors.New("kafka-tls-cert and kafka-tls-key need kafka-tls-ca as well")
		}
		return nil, nil
	}
	pem, err := os.ReadFile(k.ca)
	if err != nil {
		return nil, fmt.Errorf("kafka-tls-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("kafka-tls-ca: %s holds no PEM certificate", k.ca)
	}
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
	if k.cert == "" && k.key == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil {
		return nil, fmt.Errorf("kafka-tls-cert %s, kafka-tls-key %s: %w", k.cert, k.key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// Secret is a setting that comes from a file or the environment, never from
// the command line, which other users of the machine can read.
type Secret struct {
	name, file string
	lookup     func(string) (string, bool)
}

// BindSecret adds --name-file to fs; the variable of name holds the value
// itself.
func BindSecret(fs *pflag.FlagSet, name, usage string) *Secret {
	s := &Secret{name: name, lookup: os.LookupEnv}
	fs.StringVar(&s.file, name+"-file", "", "file with the "+usage+"; or the value itself in "+EnvName(name))
	return s
}

// Value reads the secret. It is an error when there is none.
func (s *Secret) Value() (string, error) {
	v, err := s.Optional()
	if err == nil && v == "" {
		return "", fmt.Errorf("%s is missing: set --%s-file or %s", s.name, s.name, EnvName(s.name))
	}
	return v, err
}

// Optional reads the secret; "" when there is none.
func (s *Secret) Optional() (string, error) {
	if s.file == "" {
		v, _ := s.lookup(EnvName(s.name))
		return v, nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return "", fmt.Errorf("%s-file: %w", s.name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// String hides the secret.
func (s *Secret) String() string { return "***" }
