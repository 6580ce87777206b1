package kafkatest

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Request asks one node that is there, another one at each call: a node may not
// answer because of another that is paused. Every node passes on what is the
// controller's.
func (c *ApacheCluster) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	turn := int(c.turn.Add(1))
	for i := range c.Nodes {
		if a := c.Nodes[(turn+i)%len(c.Nodes)]; a.answers() {
			return request(ctx, a.internal, req)
		}
	}
	return nil, errors.New("no node is running")
}

func request(ctx context.Context, addr string, req kmsg.Request) (kmsg.Response, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	return cl.SeedBrokers()[0].Request(ctx, req)
}

// metadata of all topics.
func (c *ApacheCluster) metadata(ctx context.Context) (*kmsg.MetadataResponse, error) {
	return kmsg.NewPtrMetadataRequest().RequestWith(ctx, c)
}

// Leader is the node that leads a partition.
func (c *ApacheCluster) Leader(ctx context.Context, topic string, partition int) (int, error) {
	p, err := c.partition(ctx, topic, partition)
	return int(p.Leader), err
}

func (c *ApacheCluster) partition(ctx context.Context, topic string, partition int) (kmsg.MetadataResponseTopicPartition, error) {
	m, err := c.metadata(ctx)
	if err != nil {
		return kmsg.MetadataResponseTopicPartition{}, err
	}
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			if *t.Topic == topic && int(p.Partition) == partition {
				return p, kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return kmsg.MetadataResponseTopicPartition{}, fmt.Errorf("%s/%d: %w", topic, partition, kerr.UnknownTopicOrPartition)
}

// Coordinator is the node that keeps a consumer group.
func (c *ApacheCluster) Coordinator(ctx context.Context, group string) (int, error) {
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorKey, req.CoordinatorKeys = group, []string{group}
	res, err := req.RequestWith(ctx, c)
	if err != nil {
		return 0, err
	}
	if len(res.Coordinators) == 1 {
		return int(res.Coordinators[0].NodeID), kerr.ErrorForCode(res.Coordinators[0].ErrorCode)
	}
	return int(res.NodeID), kerr.ErrorForCode(res.ErrorCode)
}

// Controller is the node whose controller leads the quorum. The controllers are
// asked themselves: a broker passes the question on to one that is paused, and
// waits for half a minute.
func (c *ApacheCluster) Controller(ctx context.Context) (int, error) {
	err := errors.New("no node is running")
	for _, a := range c.Nodes {
		if !a.answers() {
			continue
		}
		if err = a.leadsQuorum(ctx); err == nil {
			return a.ID, nil
		}
	}
	return 0, fmt.Errorf("no controller leads: %w", err)
}

// leadsQuorum returns an error when the node's controller is not the leader,
// which alone answers.
func (a *Apache) leadsQuorum(ctx context.Context) error {
	req := kmsg.NewPtrDescribeQuorumRequest()
	req.Topics = []kmsg.DescribeQuorumRequestTopic{{Topic: "__cluster_metadata", Partitions: []kmsg.DescribeQuorumRequestTopicPartition{{}}}}
	res, err := request(ctx, a.control, req)
	if err != nil {
		return err
	}
	d := res.(*kmsg.DescribeQuorumResponse)
	if d.ErrorCode != 0 {
		return kerr.ErrorForCode(d.ErrorCode)
	}
	return kerr.ErrorForCode(d.Topics[0].Partitions[0].ErrorCode)
}
