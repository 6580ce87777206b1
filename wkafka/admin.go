package wkafka

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// TopicSpec is a topic to create.
type TopicSpec struct {
	Name        string
	Partitions  int               // 0: the broker's default
	Replication int               // 0: the broker's default
	Config      map[string]string // such as "cleanup.policy": "compact"
}

// adminTimeout bounds what one administrative call may spend on retries.
const adminTimeout = 30 * time.Second

// CreateTopics creates the topics that do not exist and waits until their
// partitions have leaders. A topic that exists is left as it is.
func CreateTopics(ctx context.Context, cfg Config, topics ...TopicSpec) error {
	return withCluster(ctx, cfg, func(ctx context.Context, c *cluster) error {
		if err := c.retry(ctx, func() error { return c.create(ctx, topics) }); err != nil {
			return fmt.Errorf("create topics: %w", err)
		}
		for _, t := range topics {
			if err := c.retry(ctx, func() error { _, err := c.partitions(ctx, t.Name); return err }); err != nil {
				return fmt.Errorf("create topic %s: %w", t.Name, err)
			}
		}
		return nil
	})
}

// Partitions returns how many partitions topic has.
func Partitions(ctx context.Context, cfg Config, topic string) (int, error) {
	var n int
	err := withCluster(ctx, cfg, func(ctx context.Context, c *cluster) error {
		return c.retry(ctx, func() (err error) { n, err = c.partitions(ctx, topic); return err })
	})
	if err != nil {
		return 0, fmt.Errorf("topic %s: %w", topic, err)
	}
	return n, nil
}

// StartOffset returns the offset of the oldest record kept in a partition.
func StartOffset(ctx context.Context, cfg Config, topic string, partition int) (int64, error) {
	return offsetOf(ctx, cfg, topic, partition, kafka.FirstOffset)
}

// EndOffset returns the offset after the last record that readers may see.
func EndOffset(ctx context.Context, cfg Config, topic string, partition int) (int64, error) {
	return offsetOf(ctx, cfg, topic, partition, kafka.LastOffset)
}

// EndOffsets returns the end offset of every partition of topic, by partition.
func EndOffsets(ctx context.Context, cfg Config, topic string) ([]int64, error) {
	var ends []int64
	err := withCluster(ctx, cfg, func(ctx context.Context, c *cluster) error {
		return c.retry(ctx, func() (err error) { ends, err = c.endOffsets(ctx, topic); return err })
	})
	return ends, err
}

func offsetOf(ctx context.Context, cfg Config, topic string, partition int, which int64) (int64, error) {
	var off int64
	err := withCluster(ctx, cfg, func(ctx context.Context, c *cluster) (err error) {
		off, err = c.offset(ctx, topic, partition, which)
		return err
	})
	return off, err
}

func withCluster(ctx context.Context, cfg Config, f func(context.Context, *cluster) error) error {
	if err := cfg.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	c, owned := cfg.borrow()
	if owned {
		defer c.close()
	}
	return f(ctx, c)
}

// retry calls f until it succeeds, fails for good, or ctx ends. It then
// returns f's last error, which says more than the end of ctx.
func (c *cluster) retry(ctx context.Context, f func() error) error {
	var b backoff
	for {
		err := f()
		if err == nil || permanent(err) {
			return err
		}
		if !b.wait(ctx) {
			return errors.Join(err, ctx.Err())
		}
		c.refresh()
	}
}

func (c *cluster) create(ctx context.Context, topics []TopicSpec) error {
	req := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		tc := kafka.TopicConfig{Topic: t.Name, NumPartitions: orDefault(t.Partitions), ReplicationFactor: orDefault(t.Replication)}
		for name, value := range t.Config {
			tc.ConfigEntries = append(tc.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
		}
		req.Topics = append(req.Topics, tc)
	}
	res, err := c.client.CreateTopics(ctx, req)
	if err != nil {
		return err
	}
	for name, err := range res.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func orDefault(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// partitions counts the partitions of topic; all must have a leader.
func (c *cluster) partitions(ctx context.Context, topic string) (int, error) {
	m, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	if len(m.Topics) == 0 {
		return 0, kafka.UnknownTopicOrPartition
	}
	t := m.Topics[0]
	if t.Error != nil {
		return 0, t.Error
	}
	for _, p := range t.Partitions {
		if p.Error != nil {
			return 0, p.Error
		}
	}
	if len(t.Partitions) == 0 {
		return 0, kafka.LeaderNotAvailable
	}
	return len(t.Partitions), nil
}

// offset asks for the first or the last offset until it has an answer.
func (c *cluster) offset(ctx context.Context, topic string, partition int, which int64) (int64, error) {
	var off int64
	err := c.retry(ctx, func() error {
		res, err := c.listOffsets(ctx, topic, []kafka.OffsetRequest{{Partition: partition, Timestamp: which}})
		if err != nil {
			return err
		}
		off = res[0].LastOffset
		if which == kafka.FirstOffset {
			off = res[0].FirstOffset
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("offset of %s/%d: %w", topic, partition, err)
	}
	return off, nil
}

func (c *cluster) endOffsets(ctx context.Context, topic string) ([]int64, error) {
	n, err := c.partitions(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("topic %s: %w", topic, err)
	}
	req := make([]kafka.OffsetRequest, n)
	for p := range req {
		req[p] = kafka.LastOffsetOf(p)
	}
	res, err := c.listOffsets(ctx, topic, req)
	if err != nil {
		return nil, fmt.Errorf("end of topic %s: %w", topic, err)
	}
	ends := make([]int64, len(res))
	for i, r := range res {
		ends[i] = r.LastOffset
	}
	return ends, nil
}

// listOffsets returns one answer per request, by partition.
func (c *cluster) listOffsets(ctx context.Context, topic string, req []kafka.OffsetRequest) ([]kafka.PartitionOffsets, error) {
	res, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics:         map[string][]kafka.OffsetRequest{topic: req},
		IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return nil, err
	}
	got := res.Topics[topic]
	if len(got) != len(req) {
		return nil, kafka.UnknownTopicOrPartition
	}
	sort.Slice(got, func(i, j int) bool { return got[i].Partition < got[j].Partition })
	for _, p := range got {
		if p.Error != nil {
			return nil, p.Error
		}
		if p.FirstOffset < 0 && p.LastOffset < 0 {
			return nil, protocol.NewErrNoLeader(topic, int32(p.Partition))
		}
	}
	return got, nil
}

// name of a partition in errors and logs.
func name(topic string, partition int) string { return topic + "/" + strconv.Itoa(partition) }
