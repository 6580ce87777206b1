package wkafka

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	livenessTick = time.Second     // between looks at connections that wait for an answer
	probeTimeout = 3 * time.Second // for a connection and its first answer
)

// errHung is why a connection was ended, or not made.
var errHung = errors.New("the broker hangs: it takes connections and answers none")

// liveness tells brokers that hang from those that take their time: a process
// that is stopped, or a machine that is gone without a word. kafka-go waits for
// the first as for the second, and asks them for metadata, too. When a request
// has not been answered for a second, another connection asks for the least
// that a broker can answer. If there is no answer to that either, all
// connections to the broker end, and none is made until it answers: the next
// request asks another broker where the leader is.
type liveness struct {
	cfg    Config
	dialer net.Dialer
	ctx    context.Context
	stop   context.CancelFunc
	ticked func() // called at every tick while there are connections

	mu      sync.Mutex
	conns   map[*liveConn]struct{}
	probed  map[string]bool // addresses that somebody is asking
	hung    map[string]bool // of these, those that have not answered
	ticking bool
}

func newLiveness(cfg Config) *liveness {
	l := &liveness{
		cfg: cfg, dialer: net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second},
		conns: map[*liveConn]struct{}{}, probed: map[string]bool{}, hung: map[string]bool{},
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// dial is for kafka.Transport.
func (l *liveness) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.hangs(address) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: kafka.TCP(address), Err: errHung}
	}
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &liveConn{Conn: conn, address: address, of: l}
	l.add(c)
	return c, nil
}

func (l *liveness) hangs(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hung[address]
}

// add watches c, until it is closed.
func (l *liveness) add(c *liveConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	if !l.ticking {
		l.ticking = true
		go l.watch()
	}
}

func (l *liveness) remove(c *liveConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// watch looks at the connections for as long as there are any.
func (l *liveness) watch() {
	tick := time.NewTicker(livenessTick)
	defer tick.Stop()
	for l.look() {
		select {
		case <-tick.C:
		case <-l.ctx.Done():
			return
		}
	}
}

func (l *liveness) look() bool {
	l.ticked()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.waitsLong() && !l.probed[c.address] {
			l.probed[c.address] = true
			go l.probe(c.address)
		}
	}
	l.ticking = len(l.conns) > 0
	return l.ticking
}

// probe asks the broker at address for a sign of life until it gives one, or
// refuses to.
func (l *liveness) probe(address string) {
	for timedOut(l.ask(address)) && l.ctx.Err() == nil {
		l.lose(address)
		if !pause(l.ctx, livenessTick) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.probed, address)
	delete(l.hung, address)
}

// ask connects as far as the first answer.
func (l *liveness) ask(address string) error {
	ctx, cancel := context.WithTimeout(l.ctx, probeTimeout)
	defer cancel()
	k, err := dialLink(ctx, l.cfg, address, l.dialer.DialContext)
	if err != nil {
		return err
	}
	defer k.close()
	if err := k.secure(ctx); err != nil {
		return err
	}
	return k.negotiate(ctx)
}

// lose ends what is connected to address.
func (l *liveness) lose(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hung[address] = true
	for c := range l.conns {
		if c.address == address {
			c.lose()
		}
	}
}

// liveConn is a connection that knows whether it waits for an answer. kafka-go
// sends the next request when the one before was answered.
type liveConn struct {
	net.Conn
	address string
	of      *liveness
	hung    atomic.Bool

	asked    atomic.Uint32 // counts writes
	answered atomic.Uint32 // what asked was at the last read

	// Owned by liveness.look.
	seen  uint32 // what asked was at the last look
	looks int    // how often there was no answer since
}

func (c *liveConn) Write(b []byte) (int, error) {
	c.asked.Add(1)
	n, err := c.Conn.Write(b)
	return n, c.explain(err)
}

func (c *liveConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.answered.Store(c.asked.Load())
	}
	return n, c.explain(err)
}

func (c *liveConn) explain(err error) error {
	if err != nil && c.hung.Load() {
		return &net.OpError{Op: "read", Net: "tcp", Addr: c.RemoteAddr(), Err: errHung}
	}
	return err
}

func (c *liveConn) Close() error {
	c.of.remove(c)
	return c.Conn.Close()
}

// lose makes whatever is done with c fail; kafka-go then closes it.
func (c *liveConn) lose() {
	c.hung.Store(true)
	_ = c.Conn.SetDeadline(time.Unix(1, 0))
}

// SetDeadline is how kafka-go begins and ends each request.
func (c *liveConn) SetDeadline(t time.Time) error {
	if c.hung.Load() {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// waitsLong is called at each tick. It reports true after one, two, four, eight
// ticks and so on without an answer to the same request.
func (c *liveConn) waitsLong() bool {
	asked := c.asked.Load()
	if asked == c.answered.Load() || asked != c.seen {
		c.seen, c.looks = asked, 0
		return false
	}
	c.looks++
	return c.looks&(c.looks-1) == 0
}
