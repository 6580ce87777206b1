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
	probeTicks   = 3               // of them
	probesOften  = 60              // before a broker that is gone for good is asked less often
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
	quiet   map[string]int  // ticks for which nothing came from an address, of those connected to
	probed  map[string]bool // addresses that somebody is asking
	hung    map[string]bool // of these, those that have not answered
	ticking bool
}

func newLiveness(cfg Config) *liveness {
	l := &liveness{
		cfg: cfg, dialer: net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second},
		conns: map[*liveConn]struct{}{}, quiet: map[string]int{}, probed: map[string]bool{}, hung: map[string]bool{},
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
	l.listen()
	for c := range l.conns {
		if c.waitsLong() && l.quiet[c.address] > 0 && !l.probed[c.address] {
			l.probed[c.address] = true
			go l.probe(c.address)
		}
	}
	l.ticking = len(l.conns) > 0
	return l.ticking
}

// listen counts for how long nothing came from each address. It needs mu.
func (l *liveness) listen() {
	quiet := make(map[string]int, len(l.quiet))
	for c := range l.conns {
		if _, known := quiet[c.address]; !known {
			quiet[c.address] = l.quiet[c.address] + 1
		}
	}
	for c := range l.conns {
		if c.heard() {
			quiet[c.address] = 0
		}
	}
	l.quiet = quiet
}

// probe asks the broker at address for a sign of life until it gives one, or
// refuses to.
func (l *liveness) probe(address string) {
	for n := 1; l.ctx.Err() == nil && noAnswer(l.ask(address)) && l.lose(address); n++ {
		wait := livenessTick
		if n > probesOften {
			wait = 10 * livenessTick
		}
		if !pause(l.ctx, wait) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.probed, address)
	delete(l.hung, address)
}

// noAnswer reports whether err says that a broker did not answer, and not that
// its name could not be looked up.
func noAnswer(err error) bool {
	var dns *net.DNSError
	return timedOut(err) && !errors.As(err, &dns)
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
	k.quick = true
	if err := k.secure(ctx); err != nil {
		return err
	}
	return k.negotiate(ctx)
}

// lose ends what is connected to address. It reports false, and does nothing,
// when something came from there while it was asked: it takes its time over new
// connections.
func (l *liveness) lose(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if quiet, known := l.quiet[address]; known && quiet < probeTicks {
		return false
	}
	l.hung[address] = true
	for c := range l.conns {
		if c.address == address {
			c.lose()
		}
	}
	return true
}

// liveConn is a connection that knows whether it waits for an answer: kafka-go
// and this package read only when they have asked for something.
type liveConn struct {
	net.Conn
	address string
	of      *liveness
	hung    atomic.Bool

	inside atomic.Int32  // reads and writes under way
	done   atomic.Uint32 // that have ended
	read   atomic.Uint32 // of these, reads that brought something

	// Owned by liveness.look.
	seen     uint32 // what done was at the last look
	seenRead uint32 // and read
	looks    int    // how often nothing had ended since
}

func (c *liveConn) Write(b []byte) (int, error) {
	c.inside.Add(1)
	n, err := c.Conn.Write(b)
	c.done.Add(1)
	c.inside.Add(-1)
	return n, c.explain(err)
}

func (c *liveConn) Read(b []byte) (int, error) {
	c.inside.Add(1)
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.read.Add(1)
	}
	c.done.Add(1)
	c.inside.Add(-1)
	return n, c.explain(err)
}

// heard reports whether anything came since it was last called.
func (c *liveConn) heard() bool {
	read := c.read.Load()
	fresh := read != c.seenRead
	c.seenRead = read
	return fresh
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

// SetDeadline is how kafka-go begins and ends each request. Of a connection
// that was lost none is begun.
func (c *liveConn) SetDeadline(t time.Time) error {
	err := c.Conn.SetDeadline(t)
	if c.hung.Load() { // after, since lose may come between
		_ = c.Conn.SetDeadline(time.Unix(1, 0))
		return errHung
	}
	return err
}

// waitsLong is called at each tick. It reports true when the same read or write
// has been under way for one, two, four, eight ticks and so on.
func (c *liveConn) waitsLong() bool {
	done := c.done.Load()
	if c.inside.Load() == 0 || done != c.seen {
		c.seen, c.looks = done, 0
		return false
	}
	c.looks++
	return c.looks&(c.looks-1) == 0
}
