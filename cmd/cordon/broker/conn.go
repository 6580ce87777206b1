package broker

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// joinWait is how long the end of a connection that waits for its group is kept
// from kfake: as long as Kafka lets a new member wait.
const joinWait = 5 * time.Minute

// joins is a listener whose connections end for kfake no sooner than their
// JoinGroup is answered.
//
// kfake begins to watch a member's session when it has answered that request,
// unless the connection has ended by then. A member that was killed while it
// waited was never missed: the group waited for it at every rebalance, until the
// rebalance timeout, which each further join begins anew.
type joins struct{ net.Listener }

// Accept implements net.Listener.
func (l joins) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &joinConn{Conn: c, closed: make(chan struct{})}, nil
}

// joinConn is a connection that knows whether it waits for its group. kfake
// reads no request before it has answered the one before.
type joinConn struct {
	net.Conn
	next request // owned by the caller of Read, of whom there is one

	mu     sync.Mutex
	waits  chan struct{} // closed when the JoinGroup is answered; nil when there is none
	closed chan struct{}
	once   sync.Once
}

// Read implements net.Conn.
func (c *joinConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.next.pass(p[:n]) {
		c.mu.Lock()
		c.waits = make(chan struct{})
		c.mu.Unlock()
	}
	if err != nil {
		c.linger()
	}
	return n, err
}

// linger waits for the answer to a JoinGroup, if there is to be one.
func (c *joinConn) linger() {
	c.mu.Lock()
	waits := c.waits
	c.mu.Unlock()
	if waits == nil {
		return
	}
	t := time.NewTimer(joinWait)
	defer t.Stop()
	select {
	case <-waits:
	case <-c.closed:
	case <-t.C:
	}
}

// Write implements net.Conn.
func (c *joinConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.waits != nil {
		close(c.waits)
		c.waits = nil
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *joinConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// joinGroup is the key of that request.
const joinGroup = 11

// request is how far a stream of requests, each behind its size, has come.
type request struct {
	head [6]byte // size and key
	n    int     // bytes of head that are there
	left int     // bytes of the request that are to come behind head
}

// pass takes the next bytes of the stream and reports whether a JoinGroup begins
// in them.
func (r *request) pass(b []byte) (joins bool) {
	for len(b) > 0 {
		if r.left > 0 {
			k := min(r.left, len(b))
			r.left, b = r.left-k, b[k:]
			continue
		}
		k := copy(r.head[r.n:], b)
		r.n, b = r.n+k, b[k:]
		if r.n < len(r.head) {
			continue
		}
		joins = joins || binary.BigEndian.Uint16(r.head[4:]) == joinGroup
		r.n, r.left = 0, int(binary.BigEndian.Uint32(r.head[:]))-2
	}
	return joins
}
