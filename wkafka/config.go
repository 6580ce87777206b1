package wkafka

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

// Config says how to reach a Kafka cluster.
type Config struct {
	Brokers  []string // host:port, at least one
	ClientID string
	TLS      *tls.Config    // nil: plain text
	SASL     sasl.Mechanism // nil: no authentication

	shared *cluster // see Shared
}

const (
	dialTimeout    = 5 * time.Second
	requestTimeout = 10 * time.Second // for one request that does not wait for data
	// metadataTTL is how long a leader move or a new partition may go unnoticed
	// when no request fails. kafka-go asks for all topics each time, which costs
	// more than all else when there are many members and topics.
	metadataTTL = 6 * time.Second
)

func (c Config) check() error {
	if len(c.Brokers) == 0 {
		return errors.New("kafka: no broker address; give at least one host:port")
	}
	return nil
}

// Shared returns c with connections that all calls and readers which are given
// it share, for a process that asks and reads often: otherwise each makes and
// ends its own. Call done when they have all returned. Consumers and publishers
// keep connections of their own.
func (c Config) Shared() (shared Config, done func()) {
	c.shared = nil
	c.shared = newCluster(c)
	return c, c.shared.close
}

// borrow returns the shared connections of c or, with owned, new ones to close.
func (c Config) borrow() (cl *cluster, owned bool) {
	if c.shared != nil {
		return c.shared, false
	}
	return newCluster(c), true
}

// cluster is one pool of connections. Each user has its own, so that closing
// one does not disturb another, unless they were told to share one.
type cluster struct {
	cfg       Config
	transport *kafka.Transport
	client    *kafka.Client
	liveness  *liveness
	conns     *conns
}

func newCluster(c Config) *cluster {
	l := newLiveness(c)
	tr := &kafka.Transport{
		Dial:        l.dial,
		DialTimeout: dialTimeout,
		MetadataTTL: metadataTTL,
		ClientID:    c.ClientID,
		TLS:         c.TLS,
		SASL:        c.SASL,
	}
	return &cluster{
		cfg:       c,
		transport: tr,
		liveness:  l,
		conns:     newConns(c, l),
		client:    &kafka.Client{Addr: kafka.TCP(c.Brokers...), Timeout: requestTimeout, Transport: tr},
	}
}

// refresh drops what is known about topics and leaders, so that the next
// request asks again. kafka-go has no narrower way.
func (c *cluster) refresh() {
	c.transport.CloseIdleConnections()
	c.conns.drop()
}

func (c *cluster) close() {
	c.liveness.stop()
	c.transport.CloseIdleConnections()
	c.conns.close()
}

// leader returns what sends requests about a partition.
func (c *cluster) leader(topic string, partition int) leader {
	return leader{cluster: c, topic: topic, partition: partition}
}

// roundTrip sends req with a deadline of timeout.
func (c *cluster) roundTrip(ctx context.Context, timeout time.Duration, req kafka.Request) (kafka.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.transport.RoundTrip(ctx, c.client.Addr, req)
}
