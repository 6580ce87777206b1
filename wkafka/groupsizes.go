package wkafka

import (
	"context"

	"github.com/segmentio/kafka-go"
)

// sizes returns the number of partitions of every topic that members subscribe
// to. A topic that the brokers do not know (any more, or at this moment) keeps
// those that members own.
func (c *cluster) sizes(ctx context.Context, members []member) (map[string]int, error) {
	topics := partitions{}
	for _, m := range members {
		for _, t := range m.topics {
			topics[t] = nil
		}
	}
	known, err := c.knownSizes(ctx, topics.topics())
	if err != nil {
		return nil, err
	}
	for topic := range topics {
		if _, ok := known[topic]; ok {
			continue
		}
		known[topic] = 0
		for _, m := range members {
			if owned := m.owned[topic]; len(owned) > 0 {
				known[topic] = max(known[topic], owned[len(owned)-1]+1)
			}
		}
	}
	return known, nil
}

// knownSizes leaves out topics that the brokers do not know.
func (c *cluster) knownSizes(ctx context.Context, topics []string) (map[string]int, error) {
	res, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, err
	}
	sizes := map[string]int{}
	for _, t := range res.Topics {
		if len(t.Partitions) > 0 {
			sizes[t.Name] = len(t.Partitions)
		}
	}
	return sizes, nil
}
