package wkafka

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// leader sends requests about one partition to the broker that leads it. One
// goroutine uses it.
//
// kafka.Transport, which all other requests go through, hands each to the
// goroutine of a connection and its answer back. To wake those costs more than
// the rest of a small request.
type leader struct {
	cluster   *cluster
	topic     string
	partition int
	address   string // "": not known
}

// exchange sends req, until ctx ends. With an error it is not known whether the
// broker had it, unless req knows.
func (l *leader) exchange(ctx context.Context, req protocol.Message) (protocol.Message, error) {
	if l.address == "" {
		if err := l.find(ctx); err != nil {
			return nil, err
		}
	}
	c, err := l.cluster.conns.get(ctx, l.address)
	if err != nil {
		l.forget()
		return nil, err
	}
	res, err := c.request(ctx, req)
	if err != nil {
		l.forget()
		c.close()
		return nil, err
	}
	l.cluster.conns.put(c)
	return res, nil
}

// forget makes the next request look for the leader.
func (l *leader) forget() { l.address = "" }

func (l *leader) find(ctx context.Context) error {
	m, err := l.cluster.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{l.topic}})
	if err != nil {
		return err
	}
	t := m.Topics[0]
	if t.Error != nil {
		return t.Error
	}
	for _, p := range t.Partitions {
		switch {
		case p.ID != l.partition:
		case p.Leader.Host == "":
			return protocol.NewErrNoLeader(l.topic, int32(l.partition))
		default:
			l.address = net.JoinHostPort(p.Leader.Host, strconv.Itoa(p.Leader.Port))
			return nil
		}
	}
	return protocol.NewErrNoPartition(l.topic, int32(l.partition))
}

// conns are the connections to leaders that no request is on.
type conns struct {
	cfg  Config
	live *liveness

	mu     sync.Mutex
	idle   map[string][]*link // by address; the last one was used last
	closed bool
}

// idleTicks is for how long a connection is kept that nobody uses, in ticks of
// liveness. Brokers end those that rest for ten minutes, what stands between
// may do so sooner.
const idleTicks = 30

func newConns(cfg Config, live *liveness) *conns {
	c := &conns{cfg: cfg, live: live, idle: map[string][]*link{}}
	live.ticked = c.sweep
	return c
}

// get returns a connection to the broker at address.
func (c *conns) get(ctx context.Context, address string) (*link, error) {
	for {
		l := c.pop(address)
		if l == nil {
			return c.dial(ctx, address)
		}
		if !c.live.hangs(address) {
			return l, nil
		}
		l.close()
	}
}

func (c *conns) pop(address string) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := c.idle[address]
	if len(rest) == 0 {
		return nil
	}
	l := rest[len(rest)-1]
	rest[len(rest)-1] = nil
	c.idle[address] = rest[:len(rest)-1]
	return l
}

// dial connects as far as the first request.
func (c *conns) dial(ctx context.Context, address string) (*link, error) {
	l, err := dialLink(ctx, c.cfg, address, c.live.dial)
	if err != nil {
		return nil, err
	}
	l.quick = true
	if err := l.arrive(ctx); err != nil {
		return nil, err
	}
	if err := l.keep(); err != nil {
		return nil, err
	}
	return l, nil
}

// put takes back what get has given.
func (c *conns) put(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		l.close()
		return
	}
	l.rested = 0
	c.idle[l.reached.Broker] = append(c.idle[l.reached.Broker], l)
}

// sweep ends what nobody has used for long. It is called at every tick.
func (c *conns) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for address, rest := range c.idle {
		stale := 0
		for _, l := range rest {
			if l.rested++; l.rested > idleTicks {
				stale++ // the first ones have rested the longest
			}
		}
		for _, l := range rest[:stale] {
			l.close()
		}
		if c.idle[address] = slices.Delete(rest, 0, stale); len(c.idle[address]) == 0 {
			delete(c.idle, address)
		}
	}
}

// drop ends all that no request is on.
func (c *conns) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rest := range c.idle {
		for _, l := range rest {
			l.close()
		}
	}
	clear(c.idle)
}

func (c *conns) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.drop()
}

// request sends req over l, until ctx ends, which is closed after an error.
func (l *link) request(ctx context.Context, req protocol.Message) (protocol.Message, error) {
	deadline, _ := ctx.Deadline()
	if err := l.net.SetDeadline(deadline); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.net.SetDeadline(time.Unix(1, 0)) })
	res, err := l.kafka.RoundTrip(req)
	if !stop() && err == nil {
		// The answer came, but the connection will not serve another request.
		return nil, context.Cause(ctx)
	}
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return res, err
}
