package wkafka_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// valve is in front of a broker, which hears nothing while it is shut, as a
// process that is stopped.
type valve struct {
	mu   sync.Mutex
	open chan struct{} // closed: open
}

func (g *valve) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *valve) pass() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *valve) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	return gatedListener{l, g}, err
}

type gatedListener struct {
	net.Listener
	gate *valve
}

func (l gatedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return gatedConn{c, l.gate}, err
}

type gatedConn struct {
	net.Conn
	gate *valve
}

func (c gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	<-c.gate.pass()
	return n, err
}

// TestBrokerHangs has a broker that takes connections and answers none. That
// must be known long before a request has waited for the time it may take, and
// the broker be asked again as soon as it answers.
func TestBrokerHangs(t *testing.T) {
	g := &valve{open: make(chan struct{})}
	close(g.open)
	_, cfg := kafkatest.Cluster(t, kfake.ListenFn(g.listen))
	topic := newTopic(t, cfg, 1)
	cfg, done := cfg.Shared()
	defer done()
	end := func(patience time.Duration) error {
		_, err := wkafka.EndOffset(within(t, patience), cfg, topic, 0)
		return err
	}
	if err := end(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	g.shut()
	if err := end(8 * time.Second); err == nil || !strings.Contains(err.Error(), "the broker hangs") {
		t.Errorf("EndOffset at a broker that hangs = %v; want an error that says so", err)
	}
	close(g.pass())
	if err := end(30 * time.Second); err != nil {
		t.Errorf("EndOffset at a broker that hangs no more: %v", err)
	}
}

// TestBrokerTakesItsTime has a broker that answers one request late, later than
// it takes to give up a broker that hangs. The request must not be sent again
// meanwhile.
func TestBrokerTakesItsTime(t *testing.T) {
	cluster, cfg := kafkatest.Cluster(t)
	topic := newTopic(t, cfg, 1)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	var asked atomic.Int32
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if asked.Add(1) == 1 {
			cluster.SleepControl(func() { time.Sleep(6 * time.Second) })
		}
		return nil, nil, false
	})
	r := wkafka.NewPartitionReader(cfg, topic, 0, 0)
	defer r.Close()
	b, err := r.Fetch(context.Background())
	if n := asked.Load(); err != nil || len(b.Records) != 3 || n != 1 {
		t.Errorf("Fetch = %d records, %v after %d requests; want 3 after one", len(b.Records), err, n)
	}
}
