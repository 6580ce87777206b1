package wkafka

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// generation is this member's place in one generation of the group. Commits
// carry it, so that the coordinator refuses those of a member that has lost it.
type generation struct {
	cluster *cluster
	group   string
	id      int
	member  string
}

func (g *generation) commit(ctx context.Context, topic string, c kafka.OffsetCommit) error {
	res, err := g.cluster.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID:      g.group,
		GenerationID: g.id,
		MemberID:     g.member,
		Topics:       map[string][]kafka.OffsetCommit{topic: {c}},
	})
	if err != nil {
		return err
	}
	for _, p := range res.Topics[topic] {
		if p.Partition == c.Partition {
			return p.Error
		}
	}
	return fmt.Errorf("the coordinator's answer leaves out %s", name(topic, c.Partition))
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
