package wkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Cluster is what a broker says about the whole.
type Cluster struct {
	ID         string
	Controller int // broker id; with KRaft one that passes requests on
	Brokers    []Broker
	Topics     []Topic
	Operations int32 // what this client may do with the cluster; see Allows
}

// Broker is a broker as clients are told of it.
type Broker struct {
	ID      int
	Address string // host:port
	Rack    string
}

// Topic is a topic as brokers describe it.
type Topic struct {
	Name       string
	Err        error // such as kafka.UnknownTopicOrPartition
	Partitions []Partition
	Operations int32 // what this client may do with it; see Allows
}

// Partition says where the copies of a partition are.
type Partition struct {
	Number   int
	Leader   int // broker id; -1: none
	Replicas []int
	InSync   []int
	Offline  []int
}

// DescribeCluster asks the first broker of cfg that answers about the cluster
// and topics. Where none answers it returns a *Diagnosis.
//
// It uses a connection of its own: kafka-go's Transport answers such questions
// from memory, and not what the client may do.
func DescribeCluster(ctx context.Context, cfg Config, topics ...string) (Cluster, error) {
	l, err := anyBroker(ctx, cfg)
	if err != nil {
		return Cluster{}, err
	}
	defer l.close()
	res, err := ask[*metadata.Response](l, &metadata.Request{
		TopicNames:                         append([]string{}, topics...),
		IncludeClusterAuthorizedOperations: true,
		IncludeTopicAuthorizedOperations:   true,
	})
	if err != nil {
		return Cluster{}, l.silent(ctx, "metadata", err)
	}
	return clusterOf(res), nil
}

// anyBroker connects to the first broker of cfg that lets the client in.
func anyBroker(ctx context.Context, cfg Config) (*link, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var worst *Diagnosis
	for _, broker := range cfg.Brokers {
		l, err := connect(ctx, cfg, broker)
		if err == nil {
			return l, nil
		}
		if d := diagnosed(broker, err); worst == nil || d.Permanent() && !worst.Permanent() {
			worst = d
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, worst
}

func clusterOf(m *metadata.Response) Cluster {
	c := Cluster{ID: m.ClusterID, Controller: int(m.ControllerID), Operations: m.ClusterAuthorizedOperations}
	for _, b := range m.Brokers {
		c.Brokers = append(c.Brokers, Broker{int(b.NodeID), net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))), b.Rack})
	}
	slices.SortFunc(c.Brokers, func(a, b Broker) int { return a.ID - b.ID })
	for _, t := range m.Topics {
		c.Topics = append(c.Topics, topicOf(t))
	}
	slices.SortFunc(c.Topics, func(a, b Topic) int { return strings.Compare(a.Name, b.Name) })
	return c
}

func topicOf(t metadata.ResponseTopic) Topic {
	out := Topic{Name: t.Name, Operations: t.TopicAuthorizedOperations}
	if t.ErrorCode != 0 {
		out.Err = kafka.Error(t.ErrorCode)
	}
	for _, p := range t.Partitions {
		out.Partitions = append(out.Partitions, Partition{
			Number: int(p.PartitionIndex), Leader: int(p.LeaderID),
			Replicas: ints(p.ReplicaNodes), InSync: ints(p.IsrNodes), Offline: ints(p.OfflineReplicas),
		})
	}
	slices.SortFunc(out.Partitions, func(a, b Partition) int { return a.Number - b.Number })
	return out
}

func ints(of []int32) []int {
	out := make([]int, len(of))
	for i, n := range of {
		out[i] = int(n)
	}
	return out
}

// Admin asks and changes what is not records. Its methods may be called at the
// same time. Close it.
type Admin struct{ cluster *cluster }

// NewAdmin returns an Admin of the cluster at cfg; it connects when it is
// first used.
func NewAdmin(cfg Config) *Admin { return &Admin{newCluster(cfg)} }

// Close ends the connections.
func (a *Admin) Close() { a.cluster.close() }

// TopicConfigs returns the settings of topics that are in force, by topic and
// name.
func (a *Admin) TopicConfigs(ctx context.Context, topics ...string) (map[string]map[string]string, error) {
	req := &kafka.DescribeConfigsRequest{}
	for _, t := range topics {
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: t})
	}
	res, err := a.cluster.client.DescribeConfigs(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("settings of topics: %w", err)
	}
	out := map[string]map[string]string{}
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, fmt.Errorf("settings of topic %s: %w", r.ResourceName, r.Error)
		}
		out[r.ResourceName] = map[string]string{}
		for _, e := range r.ConfigEntries {
			out[r.ResourceName][e.ConfigName] = e.ConfigValue
		}
	}
	return out, nil
}

// SetTopicConfigs changes settings of a topic; those that are not named stay.
// Brokers take them up a moment after it returns.
func (a *Admin) SetTopicConfigs(ctx context.Context, topic string, settings map[string]string) error {
	r := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic}
	for name, value := range settings {
		r.Configs = append(r.Configs, kafka.IncrementalAlterConfigsRequestConfig{Name: name, Value: value, ConfigOperation: kafka.ConfigOperationSet})
	}
	res, err := a.cluster.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{r}})
	if err == nil {
		for _, r := range res.Resources {
			err = errors.Join(err, r.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("set %v of topic %s: %w", settings, topic, err)
	}
	return nil
}
