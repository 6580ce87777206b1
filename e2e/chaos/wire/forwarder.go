package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Verdict is what becomes of a request or an answer.
type Verdict struct {
	Cut  bool          // drop it and end the connection
	Late time.Duration // end the connection, and send the request so much later all the same
}

// Tap is told of each point. Its methods may block, which holds up the one
// connection, and are called from many goroutines.
type Tap interface {
	// Arrived is called before a request is forwarded.
	Arrived(r *Request) Verdict
	// Answered is called when the broker has answered r, before the client
	// learns of it. made are the commits that the answer acknowledges.
	Answered(r *Request, made []Commit) Verdict
}

// Forwarder forwards connections to one broker.
type Forwarder struct {
	Addr string // where it listens
	To   string // where the broker does

	tap Tap
	l   net.Listener
	wg  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  bool
}

// Listen starts to forward what comes in at address to the broker at to.
func Listen(address, to string, tap Tap) (*Forwarder, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("forwarder: %w", err)
	}
	f := &Forwarder{Addr: l.Addr().String(), To: to, tap: tap, l: l, conns: map[net.Conn]bool{}}
	f.wg.Go(f.accept)
	return f, nil
}

// Close ends all connections.
func (f *Forwarder) Close() {
	_ = f.l.Close()
	f.mu.Lock()
	f.done = true
	for c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

func (f *Forwarder) accept() {
	for {
		c, err := f.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			f.wg.Go(func() { f.serve(c) })
		}
	}
}

// keep makes Close end c; it reports whether there is still time for it.
func (f *Forwarder) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		_ = c.Close()
		return false
	}
	f.conns[c] = true
	return true
}

func (f *Forwarder) drop(c net.Conn) {
	_ = c.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
}

const dialTimeout = 2 * time.Second

func (f *Forwarder) serve(client net.Conn) {
	if !f.keep(client) {
		return
	}
	defer f.drop(client)
	broker, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(context.Background(), "tcp", f.To)
	if err != nil {
		reset(client)
		return
	}
	if !f.keep(broker) {
		return
	}
	defer f.drop(broker)
	c := &connection{f: f, client: client, broker: broker, pending: map[int32]*Request{}}
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		c.answers()
		_ = client.Close()
	}()
	late := c.requests()
	_ = client.Close()
	if late != nil {
		late()
	}
	_ = broker.Close()
	<-answers
}

// reset makes the end of c look like that of one to a broker that is not there.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// connection is one client's connection and the one to the broker behind it.
type connection struct {
	f              *Forwarder
	client, broker net.Conn

	mu      sync.Mutex
	pending map[int32]*Request
}

const maxFrame = 128 << 20

// requests forwards requests until the connection ends. What it returns is
// still to be done when the client's side is closed.
func (c *connection) requests() (late func()) {
	in := bufio.NewReaderSize(c.client, 64<<10)
	var frame []byte
	for {
		var err error
		if frame, err = readFrame(in, frame); err != nil {
			return nil
		}
		r, err := parse(frame[4:])
		if err != nil {
			r = &Request{API: "unreadable", correlation: -1}
		}
		v := c.f.tap.Arrived(r)
		if v.Late > 0 {
			return func() {
				time.Sleep(v.Late)
				_, _ = c.broker.Write(frame)
				time.Sleep(lateAnswer) // so that the broker has read it before the connection ends
			}
		}
		if v.Cut {
			return nil
		}
		c.expect(r)
		if _, err := c.broker.Write(frame); err != nil {
			return nil
		}
	}
}

const lateAnswer = 200 * time.Millisecond

func (c *connection) expect(r *Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[r.correlation] = r
}

func (c *connection) answered(correlation int32) *Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.pending[correlation]
	delete(c.pending, correlation)
	return r
}

// answers forwards answers until the connection ends.
func (c *connection) answers() {
	in := bufio.NewReaderSize(c.broker, 64<<10)
	for {
		head, err := in.Peek(8)
		if err != nil {
			return
		}
		size := int64(binary.BigEndian.Uint32(head)) + 4
		r := c.answered(int32(binary.BigEndian.Uint32(head[4:])))
		if r == nil || r.body == nil {
			if r != nil && c.f.tap.Answered(r, nil).Cut {
				return
			}
			if _, err := io.CopyN(c.client, in, size); err != nil {
				return
			}
			continue
		}
		if !c.readAnswer(in, r) {
			return
		}
	}
}

// readAnswer forwards an answer that is looked into.
func (c *connection) readAnswer(in *bufio.Reader, r *Request) bool {
	frame, err := readFrame(in, nil)
	if err != nil {
		return false
	}
	made, err := r.read(frame[8:])
	if err != nil {
		r.Answer = err.Error()
	}
	if c.f.tap.Answered(r, made).Cut {
		return false
	}
	_, err = c.client.Write(frame)
	return err == nil
}

// readFrame reads a size and what it announces, into buf if that is large
// enough.
func readFrame(in *bufio.Reader, buf []byte) ([]byte, error) {
	head, err := in.Peek(4)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head)) + 4
	if n > maxFrame || n < 8 {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err = io.ReadFull(in, buf)
	return buf, err
}
