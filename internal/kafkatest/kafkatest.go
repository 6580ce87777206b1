// Package kafkatest gives tests a Kafka broker: an in-process one, or the one
// that the environment names, so that the same tests run on Apache Kafka. It
// also starts Apache Kafka: one node (StartApache) or a cluster whose nodes can
// be killed, paused and started again (StartApacheCluster).
//
// What starts take, on two cores that were idle or shared with five others:
//
//	one node, data folder new     3 s   6 s (of which 1 to 2 s are the format)
//	three nodes, folders new     10 s  18 s
//	a node again, until in sync   4 s   5 s
package kafkatest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Env names the broker that tests use instead of the in-process one.
const Env = "CORDON_TEST_KAFKA"

// MinSession is the shortest session timeout that the in-process broker takes;
// tests that wait for a lost member use it. Apache Kafka is started with the
// same.
const MinSession = time.Second

// Start returns the configuration of a broker that lives as long as the test:
// an in-process cluster of one on a free port of the loopback address, or the
// broker at the address that CORDON_TEST_KAFKA holds.
func Start(t testing.TB) wkafka.Config {
	t.Helper()
	if addr := os.Getenv(Env); addr != "" {
		return wkafka.Config{Brokers: strings.Split(addr, ","), ClientID: "test"}
	}
	_, cfg := Cluster(t)
	return cfg
}

// Cluster starts an in-process broker and returns it too, for tests that
// inject faults. It does not look at CORDON_TEST_KAFKA.
func Cluster(t testing.TB, opts ...kfake.Opt) (*kfake.Cluster, wkafka.Config) {
	t.Helper()
	opts = append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(MinSession)}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatalf("start kfake: %v", err)
	}
	t.Cleanup(c.Close)
	return c, wkafka.Config{Brokers: c.ListenAddrs(), ClientID: "test"}
}

// Topics creates all topics of cordon under a prefix that no other test has.
func Topics(t testing.TB, cfg wkafka.Config, partitions int) cordon.Topics {
	t.Helper()
	topics := cordon.Topics{Prefix: Name(t) + "."}
	var specs []wkafka.TopicSpec
	for _, name := range append(topics.All(), topics.Rulesets(), topics.Changes()) {
		specs = append(specs, wkafka.TopicSpec{Name: name, Partitions: partitions})
	}
	specs = append(specs, wkafka.TopicSpec{Name: topics.State(), Partitions: partitions, Config: map[string]string{"cleanup.policy": "compact"}})
	Create(t, cfg, specs...)
	return topics
}

// Create creates topics.
func Create(t testing.TB, cfg wkafka.Config, specs ...wkafka.TopicSpec) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := wkafka.CreateTopics(ctx, cfg, specs...); err != nil {
		t.Fatalf("create topics: %v", err)
	}
}

var names atomic.Int64

// Name returns a name for topics or groups that no other test has, on a broker
// that outlives the test process too.
func Name(t testing.TB) string {
	test := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, t.Name())
	return fmt.Sprintf("%s-%d-%d", test, time.Now().UnixNano(), names.Add(1))
}

// DeleteRecords removes the records of a partition before offset, as retention
// does.
func DeleteRecords(t testing.TB, cfg wkafka.Config, topic string, partition int32, offset int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 10_000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{
		Topic:      topic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: partition, Offset: offset}},
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, res := range cl.RequestSharded(ctx, req) {
		if res.Err != nil {
			t.Fatalf("delete records of %s/%d before %d: %v", topic, partition, offset, res.Err)
		}
	}
}

// Committed returns the offset and metadata that group has committed for a
// partition; -1 for none.
func Committed(ctx context.Context, cfg wkafka.Config, group, topic string, partition int32) (int64, string, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...))
	if err != nil {
		return 0, "", err
	}
	defer cl.Close()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{partition}}}
	req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: group, Topics: []kmsg.OffsetFetchRequestGroupTopic{{Topic: topic, Partitions: []int32{partition}}}}}
	res, err := req.RequestWith(ctx, cl)
	if err != nil {
		return 0, "", err
	}
	for _, g := range res.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				return p.Offset, deref(p.Metadata), kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return 0, "", fmt.Errorf("no answer about group %s, %s/%d", group, topic, partition)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
