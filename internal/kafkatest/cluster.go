package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ApacheCluster are nodes of Apache Kafka, each broker and controller. What is
// acknowledged to a producer with acks=all is on two of three of them.
type ApacheCluster struct {
	Nodes []*Apache // by ID, from 1

	turn atomic.Uint32 // of the next node that is asked something
}

// ClusterConfig says how a cluster is to be.
type ClusterConfig struct {
	ApacheConfig     // of every node; Data holds a folder for each, Port is not used
	Nodes        int // 0: three
	// Session is after how long without a heartbeat the controller declares a
	// broker dead and moves what it led; 0: 3 s. Kafka's own default is 9 s.
	Session time.Duration
	// Advertise, if set, gives the address that clients are told instead of the
	// one that a node's listener is bound to: that of a proxy. It is called
	// before the nodes start.
	Advertise func(node int, l Listener) (string, error)
}

const (
	defaultNodes   = 3
	defaultSession = 3 * time.Second
	clusterHeap    = 384 // megabytes of each node
)

// StartApacheCluster starts a cluster and returns when all nodes know each
// other. Topics have the replication factor of the number of nodes,
// min.insync.replicas is their majority, and no replica that lacks acknowledged
// records becomes a leader.
func StartApacheCluster(ctx context.Context, cfg ClusterConfig) (*ApacheCluster, error) {
	if cfg.Nodes == 0 {
		cfg.Nodes = defaultNodes
	}
	c := &ApacheCluster{}
	voters, err := c.lay(cfg)
	if err != nil {
		return nil, err
	}
	if err := c.boot(ctx, voters); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// lay gives all nodes their addresses.
func (c *ApacheCluster) lay(cfg ClusterConfig) (voters []string, err error) {
	for id := 1; id <= cfg.Nodes; id++ {
		a, err := newApache(cfg.node(id), id)
		if err != nil {
			return nil, err
		}
		if err := a.advertise(cfg.Advertise); err != nil {
			return nil, err
		}
		c.Nodes, voters = append(c.Nodes, a), append(voters, a.control)
	}
	return voters, nil
}

// node is the configuration of one node.
func (cfg ClusterConfig) node(id int) ApacheConfig {
	a := cfg.ApacheConfig
	a.Port = 0
	a.Data = filepath.Join(cfg.Data, "node"+strconv.Itoa(id))
	if a.Heap == 0 {
		a.Heap = clusterHeap
	}
	session := cfg.Session
	if session == 0 {
		session = defaultSession
	}
	a.Properties = map[string]string{
		"default.replication.factor":         strconv.Itoa(cfg.Nodes),
		"min.insync.replicas":                strconv.Itoa(cfg.Nodes/2 + 1),
		"unclean.leader.election.enable":     "false",
		"auto.leader.rebalance.enable":       "false", // leaders move when a test says so
		"broker.session.timeout.ms":          strconv.FormatInt(session.Milliseconds(), 10),
		"broker.heartbeat.interval.ms":       strconv.FormatInt((session / 6).Milliseconds(), 10),
		"controller.quorum.fetch.timeout.ms": "1000", // without word from the controller; then one is elected
		"replica.lag.time.max.ms":            strconv.FormatInt(session.Milliseconds(), 10),
	}
	maps.Copy(a.Properties, cfg.Properties)
	return a
}

// advertise asks f for the addresses that clients are told.
func (a *Apache) advertise(f func(int, Listener) (string, error)) error {
	if f == nil {
		return nil
	}
	for i, l := range a.listeners {
		addr, err := f(a.ID, l)
		if err != nil {
			return err
		}
		a.listeners[i].Advertised = addr
	}
	a.Addr = a.listeners[0].Advertised
	return nil
}

// boot starts all nodes at once, as a quorum wants it.
func (c *ApacheCluster) boot(ctx context.Context, voters []string) error {
	errs := make([]error, len(c.Nodes))
	var wg sync.WaitGroup
	for i, a := range c.Nodes {
		wg.Go(func() {
			if errs[i] = a.format(ctx, voters); errs[i] == nil {
				errs[i] = a.Start(ctx)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return c.AwaitInSync(ctx)
}

// Close ends all nodes.
func (c *ApacheCluster) Close() {
	for _, a := range c.Nodes {
		a.Kill() // one after the other, the last ones would wait for a majority
	}
}

// Addrs are the addresses that clients connect to.
func (c *ApacheCluster) Addrs() []string {
	var all []string
	for _, a := range c.Nodes {
		all = append(all, a.Addr)
	}
	return all
}

// Node returns the node with an ID.
func (c *ApacheCluster) Node(id int) *Apache { return c.Nodes[id-1] }

// Logs are the ends of what the nodes have printed.
func (c *ApacheCluster) Logs() string {
	var b strings.Builder
	for _, a := range c.Nodes {
		fmt.Fprintf(&b, "--- node %d\n%s\n", a.ID, a.Log())
	}
	return b.String()
}

// AwaitInSync returns when all running nodes that are not paused are brokers of
// the cluster, every partition has a leader among them, and every replica on
// them is in sync.
func (c *ApacheCluster) AwaitInSync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := poll(ctx, c.inSync); err != nil {
		return fmt.Errorf("kafka cluster: %w\n%s", err, c.Logs())
	}
	return nil
}

func (c *ApacheCluster) inSync(ctx context.Context) error {
	m, err := c.metadata(ctx)
	if err != nil {
		return err
	}
	running := map[int32]bool{}
	for _, a := range c.Nodes {
		if a.answers() {
			running[int32(a.ID)] = true
		}
	}
	if len(m.Brokers) != len(running) {
		return fmt.Errorf("%d brokers are in the metadata; want %d", len(m.Brokers), len(running))
	}
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			if err := settled(p, running); err != nil {
				return fmt.Errorf("%s/%d: %w", *t.Topic, p.Partition, err)
			}
		}
	}
	return nil
}

// settled reports why p has no leader or lacks replicas that could be in sync.
func settled(p kmsg.MetadataResponseTopicPartition, running map[int32]bool) error {
	if !running[p.Leader] {
		return fmt.Errorf("its leader %d is not running", p.Leader)
	}
	want := 0
	for _, r := range p.Replicas {
		if running[r] {
			want++
		}
	}
	if len(p.ISR) != want {
		return fmt.Errorf("in sync are %v of %v", p.ISR, p.Replicas)
	}
	return nil
}
