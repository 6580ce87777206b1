package wkafka

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/heartbeat"
	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/leavegroup"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/syncgroup"
)

// coordinator sends what one member of a group has to say to the broker that
// coordinates the group. It does not try again: its callers know for how long
// that makes sense.
//
// kafka-go's Client has calls for the same, which will not do: Heartbeat goes to
// any broker and reads no error, nor does LeaveGroup; each of the others looks
// for the coordinator first.
type coordinator struct {
	cluster  *cluster
	group    string
	instance string       // of static membership; "": none
	broker   atomic.Int32 // plus one; 0: not known
}

// The versions written here are the last ones before "flexible" encoding, which
// have all that is needed. Kafka 2.4 and later know them, 4 included; with an
// older broker it is the broker's last one.
const (
	joinVersion        = 5
	syncVersion        = 3
	heartbeatVersion   = 3
	leaveVersion       = 3
	commitVersion      = 7
	offsetFetchVersion = 5
)

const (
	protocolType = "consumer" // tools then show what members are assigned
	// protocolName differs from those of other clients, so that the coordinator
	// lets no member into the group that would share out partitions otherwise.
	protocolName = "wkafka-cooperative"
)

// place is a member's place in the group.
type place struct {
	member     string
	generation int32
}

// join enters the group, or its next generation. After the error
// MemberIDRequired the answer holds the id to use.
func (c *coordinator) join(ctx context.Context, member string, session, rebalance time.Duration, metadata []byte) (*joingroup.Response, error) {
	res, err := exchange[*joingroup.Response](ctx, c, rebalance+requestTimeout, joinVersion, &joingroup.Request{
		GroupID: c.group, MemberID: member, GroupInstanceID: c.instance,
		SessionTimeoutMS: int32(session.Milliseconds()), RebalanceTimeoutMS: int32(rebalance.Milliseconds()),
		ProtocolType: protocolType, Protocols: []joingroup.RequestProtocol{{Name: protocolName, Metadata: metadata}},
	})
	if err != nil {
		return nil, err
	}
	return res, c.code(res.ErrorCode)
}

// sync returns what the member is assigned. The leader brings the assignments
// of all.
func (c *coordinator) sync(ctx context.Context, p place, rebalance time.Duration, plan []syncgroup.RequestAssignment) ([]byte, error) {
	res, err := exchange[*syncgroup.Response](ctx, c, rebalance+requestTimeout, syncVersion, &syncgroup.Request{
		GroupID: c.group, GenerationID: p.generation, MemberID: p.member, GroupInstanceID: c.instance, Assignments: plan,
	})
	if err != nil {
		return nil, err
	}
	return res.Assignments, c.code(res.ErrorCode)
}

func (c *coordinator) heartbeat(ctx context.Context, p place, timeout time.Duration) error {
	res, err := exchange[*heartbeat.Response](ctx, c, timeout, heartbeatVersion, &heartbeat.Request{
		GroupID: c.group, GenerationID: p.generation, MemberID: p.member, GroupInstanceID: c.instance,
	})
	if err != nil {
		return err
	}
	return c.code(swapped(res.ThrottleTimeMs))
}

// swapped is the error code of an answer whose type in kafka-go has the code
// before the throttle time, which comes first on the wire from version 1 on:
// what it takes for the throttle time ends with the code.
func swapped(second int32) int16 {
	return int16(second) //nolint:gosec // its lower half
}

func (c *coordinator) leave(ctx context.Context, member string) error {
	res, err := exchange[*leavegroup.Response](ctx, c, requestTimeout, leaveVersion, &leavegroup.Request{
		GroupID: c.group, Members: []leavegroup.RequestMember{{MemberID: member, GroupInstanceID: c.instance}},
	})
	if err != nil {
		return err
	}
	for _, m := range res.Members {
		if err := c.code(m.ErrorCode); err != nil {
			return err
		}
	}
	return c.code(swapped(res.ThrottleTimeMS))
}

// commit stores one position.
func (c *coordinator) commit(ctx context.Context, p place, topic string, partition int, m commit) error {
	res, err := exchange[*offsetcommit.Response](ctx, c, requestTimeout, commitVersion, &offsetcommit.Request{
		GroupID: c.group, GenerationID: p.generation, MemberID: p.member, GroupInstanceID: c.instance, RetentionTimeMs: -1,
		Topics: []offsetcommit.RequestTopic{{Name: topic, Partitions: []offsetcommit.RequestPartition{{
			PartitionIndex: int32(partition), CommittedOffset: m.next, CommittedLeaderEpoch: -1, CommittedMetadata: m.metadata,
		}}}},
	})
	if err != nil {
		return err
	}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if t.Name == topic && int(p.PartitionIndex) == partition {
				return c.code(p.ErrorCode)
			}
		}
	}
	return fmt.Errorf("the coordinator's answer leaves out %s", name(topic, partition))
}

// position is where the group stands in a partition.
type position struct {
	topic     string
	partition int
	offset    int64 // -1: nothing committed
	metadata  string
}

// positions asks where the group stands in want.
func (c *coordinator) positions(ctx context.Context, want partitions) ([]position, error) {
	req := &offsetfetch.Request{GroupID: c.group}
	for _, topic := range want.topics() {
		t := offsetfetch.RequestTopic{Name: topic}
		for _, p := range want[topic] {
			t.PartitionIndexes = append(t.PartitionIndexes, int32(p))
		}
		req.Topics = append(req.Topics, t)
	}
	res, err := exchange[*offsetfetch.Response](ctx, c, requestTimeout, offsetFetchVersion, req)
	if err == nil {
		err = c.code(res.ErrorCode)
	}
	if err != nil {
		return nil, fmt.Errorf("offsets of group %s: %w", c.group, err)
	}
	var found []position
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if err := c.code(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("offset of group %s in %s: %w", c.group, name(t.Name, int(p.PartitionIndex)), err)
			}
			found = append(found, position{t.Name, int(p.PartitionIndex), p.CommittedOffset, p.Metadata})
		}
	}
	if len(found) != want.count() {
		return nil, fmt.Errorf("offsets of group %s: asked for %d, got %d", c.group, want.count(), len(found))
	}
	return found, nil
}

// code is the error of an answer. One that means another broker makes the next
// request look for it.
func (c *coordinator) code(n int16) error {
	switch err := kafka.Error(n); err {
	case 0:
		return nil
	case kafka.NotCoordinatorForGroup, kafka.GroupCoordinatorNotAvailable:
		c.broker.Store(0)
		return err
	default:
		return err
	}
}

// find returns the broker that coordinates the group.
func (c *coordinator) find(ctx context.Context) (int32, error) {
	if known := c.broker.Load(); known != 0 {
		return known - 1, nil
	}
	res, err := c.cluster.client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: c.group, KeyType: kafka.CoordinatorKeyTypeConsumer})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, fmt.Errorf("coordinator of group %s: %w", c.group, err)
	}
	c.broker.Store(int32(res.Coordinator.NodeID) + 1)
	return int32(res.Coordinator.NodeID), nil
}
