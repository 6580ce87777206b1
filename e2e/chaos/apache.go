package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/wire"
	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// apacheNode is a node of Apache Kafka as an instance.
type apacheNode struct {
	mu   sync.Mutex // one thing is done to it at a time
	node *kafkatest.Apache
	log  *os.File
}

func (a *apacheNode) start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.node.Running() {
		return nil
	}
	a.note("started")
	return a.node.Start(context.Background())
}

func (a *apacheNode) kill() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.note("killed")
	a.node.Kill()
	return nil
}

func (a *apacheNode) pause(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.note("stopped for " + d.String())
	a.node.Pause()
	time.Sleep(d)
	a.node.Continue()
}

func (a *apacheNode) note(what string) {
	fmt.Fprintf(a.log, "==== %s chaos: node %d %s\n", time.Now().Format("15:04:05.000"), a.node.ID, what)
}

// startApache starts Apache Kafka with so many nodes.
func (w *world) startApache(ctx context.Context, nodes int) error {
	log, err := os.Create(filepath.Join(w.dir, "brokers.log")) //nolint:gosec // below the folder of the run
	if err != nil {
		return err
	}
	cluster, err := kafkatest.StartApacheCluster(ctx, kafkatest.ClusterConfig{
		Nodes:        nodes,
		ApacheConfig: kafkatest.ApacheConfig{Libs: w.o.jars, Data: filepath.Join(w.dir, "kafka")},
		Advertise: func(_ int, l kafkatest.Listener) (string, error) {
			f, err := wire.Listen("127.0.0.1:0", l.Bind, w.tap)
			if err != nil {
				return "", err
			}
			w.brokers.forwarders = append(w.brokers.forwarders, f)
			w.brokers.addresses = append(w.brokers.addresses, f.Addr)
			return f.Addr, nil
		},
	})
	if err != nil {
		return err
	}
	for _, n := range cluster.Nodes {
		w.brokers.nodes = append(w.brokers.nodes, &instance{
			life: &apacheNode{node: n, log: log}, name: fmt.Sprintf("broker-%d", n.ID), service: "broker",
		})
	}
	w.brokers.stop = cluster.Close
	if nodes > 1 {
		w.brokers.move = func(ctx context.Context, r *rand.Rand) (string, error) { return w.moveLeader(ctx, cluster, r) }
	}
	return nil
}

// moveLeader makes another node the leader of a partition, or the coordinator
// of some of the groups, and says which.
func (w *world) moveLeader(ctx context.Context, c *kafkatest.ApacheCluster, r *rand.Rand) (string, error) {
	topics := []string{
		w.topics.Raw("zeek"), w.topics.Events(), w.topics.Events(), w.topics.Findings(), w.topics.Rejected(), w.topics.Actions(),
		"__consumer_offsets", "__consumer_offsets",
	}
	topic, p := topics[r.IntN(len(topics))], r.IntN(partitions)
	to := c.Nodes[r.IntN(len(c.Nodes))].ID
	return fmt.Sprintf("%s/%d to broker-%d", topic, p, to), c.MoveLeader(ctx, topic, p, to)
}
