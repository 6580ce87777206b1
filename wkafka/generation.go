package wkafka

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
)

// generation is this member's place in one generation of the group. Commits
// carry it, so that the coordinator refuses those of a member that has lost it.
type generation struct {
	cluster     *cluster
	group       string
	id          int
	member      string
	coordinator atomic.Int32 // broker, plus one; 0: not known
}

// commit stores one position.
func (g *generation) commit(ctx context.Context, topic string, partition int, offset int64, metadata string) error {
	broker, err := g.findCoordinator(ctx)
	if err != nil {
		return err
	}
	res, err := g.cluster.roundTrip(ctx, requestTimeout, &commitRequest{
		broker: broker, clientID: g.cluster.cfg.ClientID,
		body: &offsetcommit.Request{
			GroupID: g.group, GenerationID: int32(g.id), MemberID: g.member, RetentionTimeMs: -1,
			Topics: []offsetcommit.RequestTopic{{Name: topic, Partitions: []offsetcommit.RequestPartition{{
				PartitionIndex: int32(partition), CommittedOffset: offset, CommittedLeaderEpoch: -1, CommittedMetadata: metadata,
			}}}},
		},
	})
	if err == nil {
		err = commitError(res.(*offsetcommit.Response), topic, partition)
	}
	if err != nil {
		g.coordinator.Store(0)
	}
	return err
}

func commitError(res *offsetcommit.Response, topic string, partition int) error {
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if t.Name == topic && int(p.PartitionIndex) == partition {
				if p.ErrorCode != 0 {
					return kafka.Error(p.ErrorCode)
				}
				return nil
			}
		}
	}
	return fmt.Errorf("the coordinator's answer leaves out %s", name(topic, partition))
}

// findCoordinator returns the broker that keeps the group's offsets.
func (g *generation) findCoordinator(ctx context.Context) (int32, error) {
	if known := g.coordinator.Load(); known != 0 {
		return known - 1, nil
	}
	res, err := g.cluster.client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: g.group, KeyType: kafka.CoordinatorKeyTypeConsumer})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, fmt.Errorf("coordinator of group %s: %w", g.group, err)
	}
	g.coordinator.Store(int32(res.Coordinator.NodeID) + 1)
	return int32(res.Coordinator.NodeID), nil
}

// commitRequest is an offset commit that goes to a known coordinator. kafka-go
// would look for the coordinator before each one.
type commitRequest struct {
	body     *offsetcommit.Request
	broker   int32
	clientID string
	version  int16 // negotiated
}

// ApiKey implements protocol.Message.
func (r *commitRequest) ApiKey() protocol.ApiKey { return protocol.OffsetCommit } //nolint:revive // kafka-go's name

// Broker implements protocol.BrokerMessage.
func (r *commitRequest) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: r.broker}, nil
}

// Required implements protocol.RawExchanger.
func (r *commitRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.OffsetCommit]
	return true
}

// RawExchange implements protocol.RawExchanger.
func (r *commitRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	return protocol.RoundTrip(rw, r.version, correlation, r.clientID, r.body)
}

// position is where the group stands in a partition.
type position struct {
	offset    int64 // -1: nothing committed
	metadata  string
	partition int
}

// positions asks the coordinator where the group stands in the partitions of
// gen, by topic.
func (g *generation) positions(ctx context.Context, gen *kafka.Generation) (map[string][]position, error) {
	ask := map[string][]int{}
	for topic, parts := range gen.Assignments {
		for _, p := range parts {
			ask[topic] = append(ask[topic], p.ID)
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	res, err := g.cluster.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: g.group, Topics: ask})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, fmt.Errorf("offsets of group %s: %w", g.group, err)
	}
	found := map[string][]position{}
	for topic, parts := range res.Topics {
		for _, p := range parts {
			if p.Error != nil {
				return nil, fmt.Errorf("offset of group %s in %s: %w", g.group, name(topic, p.Partition), p.Error)
			}
			found[topic] = append(found[topic], position{p.CommittedOffset, p.Metadata, p.Partition})
		}
	}
	return found, nil
}
