package kafkatest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const adminTimeout = 30 * time.Second

// MoveLeader makes node the leader of a partition, in the orderly way: it
// becomes the preferred replica and is elected. It has to be a replica already:
// only then nothing is copied. Both the old leader and the new one are up. It
// returns when metadata says so.
func (c *ApacheCluster) MoveLeader(ctx context.Context, topic string, partition, node int) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	if err := c.holds(ctx, topic, partition, int32(node)); err != nil {
		return fmt.Errorf("move leader of %s/%d: %w", topic, partition, err)
	}
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return c.prefer(ctx, topic, partition, int32(node)) },
		func(ctx context.Context) error { return c.preferred(ctx, topic, partition, int32(node)) },
		func(ctx context.Context) error { return c.elect(ctx, topic, partition) },
		func(ctx context.Context) error { return c.leads(ctx, topic, partition, node) },
	}
	for _, step := range steps {
		if err := poll(ctx, step); err != nil {
			return fmt.Errorf("move leader of %s/%d to node %d: %w", topic, partition, node, err)
		}
	}
	return nil
}

// holds returns an error when node is no replica: to prefer it would be a
// reassignment, which adds a copy.
func (c *ApacheCluster) holds(ctx context.Context, topic string, partition int, node int32) error {
	var replicas []int32
	err := poll(ctx, func(ctx context.Context) error {
		p, err := c.partition(ctx, topic, partition)
		replicas = p.Replicas
		return err
	})
	if err == nil && !slices.Contains(replicas, node) {
		err = fmt.Errorf("node %d is none of the replicas %v", node, replicas)
	}
	return err
}

// prefer puts node, which is a replica, first among them.
func (c *ApacheCluster) prefer(ctx context.Context, topic string, partition int, node int32) error {
	p, err := c.partition(ctx, topic, partition)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(p.Replicas), func(r int32) bool { return r == node })
	req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	req.TimeoutMillis = int32(adminTimeout.Milliseconds())
	req.Topics = []kmsg.AlterPartitionAssignmentsRequestTopic{{Topic: topic, Partitions: []kmsg.AlterPartitionAssignmentsRequestTopicPartition{{
		Partition: int32(partition), Replicas: append([]int32{node}, others...),
	}}}}
	res, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(res.ErrorCode); err != nil {
		return err
	}
	return kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
}

// preferred reports whether node is the first replica.
func (c *ApacheCluster) preferred(ctx context.Context, topic string, partition int, node int32) error {
	p, err := c.partition(ctx, topic, partition)
	if err == nil && p.Replicas[0] != node {
		err = fmt.Errorf("its replicas are %v", p.Replicas)
	}
	return err
}

// elect makes the first replica the leader.
func (c *ApacheCluster) elect(ctx context.Context, topic string, partition int) error {
	req := kmsg.NewPtrElectLeadersRequest()
	req.TimeoutMillis = int32(adminTimeout.Milliseconds())
	req.Topics = []kmsg.ElectLeadersRequestTopic{{Topic: topic, Partitions: []int32{int32(partition)}}}
	res, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 && p.ErrorCode != kerr.ElectionNotNeeded.Code {
				return kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	return kerr.ErrorForCode(res.ErrorCode)
}

func (c *ApacheCluster) leads(ctx context.Context, topic string, partition, node int) error {
	now, err := c.Leader(ctx, topic, partition)
	if err == nil && now != node {
		err = fmt.Errorf("node %d leads it", now)
	}
	return err
}
