// Package broker is the Kafka broker that cordon brings with it for a laptop,
// a demo and tests: one node, no replication, no authentication and therefore
// loopback only, no fsync per write unless asked for. It is not for
// production; there, point the services at Apache Kafka.
package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
)

// Options say where a broker keeps its log and how it is reached.
type Options struct {
	Dir        string // empty: in memory
	Listen     string // host:port on loopback; port 0 takes a free one
	Advertise  string // host:port on loopback that clients are told to connect to; "": where it listens
	Topics     cordon.Topics
	Partitions int
	Sync       bool // fsync every batch before it is acknowledged
	Log        *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	lock    *datadir.Lock // nil in memory
}

// minSession lets consumers be declared dead soon, so that a killed service's
// partitions are taken over within seconds.
const minSession = time.Second

// cleanEvery is in milliseconds. A run holds everything up; its cost is that of
// the data since the last one.
const cleanEvery = 60_000

// Start starts a broker that has all topics of o.Topics, or finds them again
// in o.Dir.
func Start(o Options) (*Broker, error) {
	for _, address := range o.addresses() {
		if err := loopback(address); err != nil {
			return nil, err
		}
	}
	b := &Broker{}
	if o.Dir != "" {
		lock, err := datadir.Acquire(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("broker: %w", err)
		}
		b.lock = lock
	}
	if err := b.start(o); err != nil {
		b.Close()
		return nil, fmt.Errorf("broker: %w", err)
	}
	return b, nil
}

func (b *Broker) start(o Options) error {
	c, err := kfake.NewCluster(options(o)...)
	if err != nil {
		return explain(err, o.Listen)
	}
	b.cluster = c
	for _, t := range topics.Specs(o.Topics, o.Partitions, 0) {
		err := c.CreateTopic(t.Name, int32(t.Partitions), t.Config)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	return nil
}

func options(o Options) []kfake.Opt {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			return listen(network, o)
		}),
		kfake.DefaultNumPartitions(o.Partitions),
		kfake.GroupMinSessionTimeout(minSession),
		kfake.WithLogger(logger{o.Log}),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes":      strconv.Itoa(topics.Segment),
			"log.cleaner.backoff.ms": strconv.Itoa(cleanEvery),
			"message.max.bytes":      strconv.Itoa(topics.MaxRecord),
		}),
	}
	if o.Dir != "" {
		opts = append(opts, kfake.DataDir(o.Dir))
	}
	if o.Sync {
		opts = append(opts, kfake.SyncWrites())
	}
	return opts
}

// loopback refuses addresses that other machines reach: whoever reaches the
// broker may write any event and any finding.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("broker address %q: %w; want host:port", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("broker address %q: the embedded broker has no authentication and listens on loopback only; for other machines run Apache Kafka", address)
}

// addresses are those that o names.
func (o Options) addresses() []string {
	if o.Advertise == "" {
		return []string{o.Listen}
	}
	return []string{o.Listen, o.Advertise}
}

func listen(network string, o Options) (net.Listener, error) {
	tcp, err := net.Listen(network, o.Listen) //nolint:noctx // it does not block
	if err != nil {
		return nil, err
	}
	l := joins{tcp}
	if o.Advertise == "" {
		return l, nil
	}
	at, err := net.ResolveTCPAddr(network, o.Advertise)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("advertised address: %w", err), l.Close())
	}
	return advertised{l, at}, nil
}

// advertised is a listener that goes by another address, that of a forwarder
// in front of it.
type advertised struct {
	net.Listener
	at net.Addr
}

// Addr returns the address that clients are to use.
func (a advertised) Addr() net.Addr { return a.at }

// Address is where clients connect.
func (b *Broker) Address() string { return b.cluster.ListenAddrs()[0] }

// Close stops the broker; what it acknowledged is on disk.
func (b *Broker) Close() {
	if b.cluster != nil {
		b.cluster.Close()
	}
	if b.lock != nil {
		b.lock.Release()
	}
}
