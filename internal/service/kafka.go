package service

import (
	"cmp"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
	"github.com/spf13/pflag"
)

// KafkaFlags are the settings of a process that reads or writes the log.
type KafkaFlags struct {
	brokers       []string
	prefix        string
	ca, cert, key string
	user          string
	password      *Secret
	mechanism     string
	clientID      string
	session       time.Duration
}

// BindKafka adds the settings of the log to fs.
func BindKafka(fs *pflag.FlagSet) *KafkaFlags {
	k := &KafkaFlags{}
	fs.StringSliceVar(&k.brokers, "kafka-brokers", []string{"127.0.0.1:9092"}, "addresses of Kafka brokers, comma separated")
	fs.StringVar(&k.prefix, "topic-prefix", "", "goes before the name of every topic")
	fs.StringVar(&k.ca, "kafka-tls-ca", "", "file with the CA that signed the brokers' certificates, or system for those that this machine trusts; switches TLS on, 1.3 or later")
	fs.StringVar(&k.cert, "kafka-tls-cert", "", "file with this client's certificate; it is read again for each connection")
	fs.StringVar(&k.key, "kafka-tls-key", "", "file with the key of that certificate")
	fs.StringVar(&k.user, "kafka-user", "", "user of SASL; switches SASL on")
	k.password = BindSecret(fs, "kafka-password", "password of --kafka-user")
	fs.StringVar(&k.mechanism, "kafka-sasl", "scram-sha-512", "how the user is proved: scram-sha-512, scram-sha-256, or over TLS plain")
	fs.StringVar(&k.clientID, "kafka-client-id", "", "name of this process in the brokers' logs, metrics and quotas; empty: that of the program")
	fs.DurationVar(&k.session, "kafka-session", 0, "a process that gives no sign of life for so long loses its partitions to others; 0: 10s")
	return k
}

// Session is the session timeout of consumer groups; 0 for the default.
func (k *KafkaFlags) Session() time.Duration { return k.session }

// Topics names the topics.
func (k *KafkaFlags) Topics() cordon.Topics { return cordon.Topics{Prefix: k.prefix} }

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
	c.SASL, err = k.sasl(c.TLS != nil)
	return c, err
}
