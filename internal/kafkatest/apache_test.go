package kafkatest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/cordon-iot/cordon/wkafka"
)

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func mechanism(t testing.TB, a scram.Algorithm, password string) sasl.Mechanism {
	t.Helper()
	m, err := scram.Mechanism(a, "ada", password)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestListeners has clients of every kind at one node, and those that it must
// turn away.
func TestListeners(t *testing.T) {
	ca, err := NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	kafka, err := StartApache(within(t, 2*time.Minute), ApacheConfig{
		Libs: Jars(t), Data: t.TempDir(), CA: ca, Users: []User{{"ada", "lovelace"}}, Heap: clusterHeap,
		Listeners: []Listener{{Protocol: Plaintext}, {Protocol: SSL}, {Protocol: SASLPlaintext}, {Protocol: SASLSSL}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Stop)
	t.Logf("start took %v", time.Since(start).Round(time.Millisecond))
	for _, tt := range []struct {
		name        string
		protocol    Protocol
		certificate string
		sasl        sasl.Mechanism
		refused     bool
	}{
		{"plain", Plaintext, "", nil, false},
		{"certificate", SSL, "ada", nil, false},
		{"no certificate", SSL, "", nil, true},
		{"SCRAM-SHA-512", SASLPlaintext, "", mechanism(t, scram.SHA512, "lovelace"), false},
		{"SCRAM-SHA-256 over TLS", SASLSSL, "", mechanism(t, scram.SHA256, "lovelace"), false},
		{"wrong password", SASLSSL, "", mechanism(t, scram.SHA512, "byron"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := kafka.Listener(tt.protocol)
			cfg := wkafka.Config{Brokers: []string{l.Advertised}, ClientID: "test", SASL: tt.sasl}
			if tt.protocol.tls() {
				if cfg.TLS, err = ca.ClientTLS(tt.certificate); err != nil {
					t.Fatal(err)
				}
			}
			err := wkafka.CreateTopics(within(t, 2*time.Second), cfg, wkafka.TopicSpec{Name: Name(t), Partitions: 1})
			if (err != nil) != tt.refused {
				t.Errorf("CreateTopics = %v; want refused: %v", err, tt.refused)
			}
		})
	}
}

func TestBind(t *testing.T) {
	_, err := bind(ApacheConfig{Listeners: []Listener{{Protocol: SASLSSL}}})
	if err == nil {
		t.Error("bind(SASL_SSL without a CA) = nil; want an error")
	}
	got, err := bind(ApacheConfig{Listeners: []Listener{{Protocol: Plaintext, Bind: "127.0.0.1:1", Advertised: "proxy:2"}}})
	if want := (Listener{Plaintext, "127.0.0.1:1", "proxy:2"}); err != nil || got[0] != want {
		t.Errorf("bind(%v) = %v, %v; want it unchanged", want, got, err)
	}
}

// TestCluster kills, pauses and restarts nodes, and moves a leader.
func TestCluster(t *testing.T) {
	start := time.Now()
	c, err := StartApacheCluster(within(t, 3*time.Minute), ClusterConfig{ApacheConfig: ApacheConfig{Libs: Jars(t), Data: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	t.Logf("start took %v", time.Since(start).Round(time.Millisecond))
	ctx := within(t, 3*time.Minute)
	cfg := wkafka.Config{Brokers: c.Addrs(), ClientID: "test"}
	Create(t, cfg, wkafka.TopicSpec{Name: "t", Partitions: 1})
	if err := c.AwaitInSync(ctx); err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader(ctx, "t", 0)
	if err != nil {
		t.Fatal(err)
	}
	next := leader%len(c.Nodes) + 1
	if err := c.MoveLeader(ctx, "t", 0, next); err != nil {
		t.Fatal(err)
	}
	if err := c.MoveLeader(ctx, "t", 0, len(c.Nodes)+1); err == nil {
		t.Error("MoveLeader = nil to a node that is no replica; want an error")
	}
	for _, down := range []struct {
		name string
		end  func(*Apache)
	}{{"Kill", (*Apache).Kill}, {"Stop", (*Apache).Stop}} {
		n := c.Node(next)
		begin := time.Now()
		down.end(n)
		if n.Running() {
			t.Fatalf("%s: node %d is running", down.name, next)
		}
		if err := c.AwaitInSync(ctx); err != nil {
			t.Fatalf("%s: %v", down.name, err)
		}
		if now, err := c.Leader(ctx, "t", 0); err != nil || now == next {
			t.Errorf("%s: leader is %d, %v; want another than %d", down.name, now, err, next)
		}
		t.Logf("%s: another node leads after %v", down.name, time.Since(begin).Round(time.Millisecond))
		restart(ctx, t, c, n)
		if next, err = c.Leader(ctx, "t", 0); err != nil {
			t.Fatal(err)
		}
	}
	checkPause(ctx, t, c)
}

func restart(ctx context.Context, t *testing.T, c *ApacheCluster, n *Apache) {
	t.Helper()
	begin := time.Now()
	if err := n.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitInSync(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("node %d is in sync again after %v", n.ID, time.Since(begin).Round(time.Millisecond))
}

// checkPause has the controller hang until another takes over.
func checkPause(ctx context.Context, t *testing.T, c *ApacheCluster) {
	t.Helper()
	was, err := c.Controller(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n := c.Node(was)
	begin := time.Now()
	n.Pause()
	err = poll(ctx, func(ctx context.Context) error {
		now, err := c.Controller(ctx)
		if err == nil && now == was {
			err = fmt.Errorf("controller is still %d", was)
		}
		return err
	})
	n.Continue()
	if err != nil {
		t.Errorf("another controller: %v", err)
	}
	t.Logf("another controller after %v", time.Since(begin).Round(time.Millisecond))
	begin = time.Now()
	if err := c.AwaitInSync(ctx); err != nil {
		t.Error(err)
	}
	t.Logf("in sync after %v more", time.Since(begin).Round(time.Millisecond))
}
