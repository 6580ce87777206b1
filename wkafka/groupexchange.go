package wkafka

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// exchange sends body and waits for the answer, timeout at most.
func exchange[R protocol.Message](ctx context.Context, c *coordinator, timeout time.Duration, newest int16, body protocol.Message) (R, error) {
	var none R
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	broker, err := c.find(ctx)
	if err == nil {
		var res protocol.Message
		res, err = c.cluster.transport.RoundTrip(ctx, c.cluster.client.Addr, &pinned{
			body: body, newest: newest, broker: broker, clientID: c.cluster.cfg.ClientID,
		})
		if err == nil {
			return res.(R), nil
		}
	}
	if !errors.Is(err, context.Canceled) {
		c.broker.Store(0)
		c.cluster.refresh()
	}
	return none, err
}

// pinned is a request to a known broker in a version that we choose. kafka-go
// would take the last version that both sides know.
type pinned struct {
	body     protocol.Message
	newest   int16
	broker   int32
	clientID string
	version  int16 // negotiated
}

// ApiKey implements protocol.Message.
func (r *pinned) ApiKey() protocol.ApiKey { return r.body.ApiKey() } //nolint:revive // kafka-go's name

// Broker implements protocol.BrokerMessage.
func (r *pinned) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: r.broker}, nil
}

// Required implements protocol.RawExchanger.
func (r *pinned) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[r.body.ApiKey()], r.newest)
	return true
}

// RawExchange implements protocol.RawExchanger.
func (r *pinned) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if p, ok := r.body.(protocol.PreparedMessage); ok {
		p.Prepare(r.version)
	}
	return protocol.RoundTrip(rw, r.version, correlation, r.clientID, r.body)
}
