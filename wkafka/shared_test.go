package wkafka_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

// countingListener counts the connections that a listener takes.
type countingListener struct {
	net.Listener
	n *atomic.Int64
}

func (c countingListener) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

// TestShared: questions and readers that share connections hardly make new
// ones; those that do not share make their own.
func TestShared(t *testing.T) {
	var n atomic.Int64
	_, cfg := kafkatest.Cluster(t, kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
		return countingListener{l, &n}, err
	}))
	topic := newTopic(t, cfg, 4)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 100))
	ask := func(c wkafka.Config) {
		t.Helper()
		for p := range 4 {
			readAll(t, c, topic, p)
		}
		if _, err := wkafka.EndOffsets(context.Background(), c, topic); err != nil {
			t.Fatal(err)
		}
	}
	shared, done := cfg.Shared()
	defer done()
	ask(shared)
	before := n.Load()
	ask(shared)
	if made := n.Load() - before; made > 2 {
		t.Errorf("asking again over shared connections made %d new ones; want at most 2", made)
	}
	before = n.Load()
	ask(cfg)
	if made := n.Load() - before; made < 8 {
		t.Errorf("asking over connections of their own made %d; want at least 8", made)
	}
}
