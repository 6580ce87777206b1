package wkafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Who asks for offsets. A consumer is told of what all in-sync replicas have,
// the debugging consumer of what the leader has.
const (
	asConsumer = -1
	asDebugger = -2
)

// SettledEnds returns an end offset of every partition of topic before which
// all stands that its leaders had taken when this was called, and which readers
// may see: that of EndOffsets may lie before records that a producer has sent
// and that are not replicated yet, because a follower hangs. It waits until
// they are replicated, or gone with their leader, for as long as ctx allows,
// and tells log, which may be nil, when that takes long.
//
// Whoever takes over from a producer that died reads up to there, to see all
// that the producer has appended.
func SettledEnds(ctx context.Context, cfg Config, topic string, log *slog.Logger) ([]int64, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c, owned := cfg.borrow()
	if owned {
		defer c.close()
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &settling{cluster: c, topic: topic}
	var wait backoff
	for {
		ready, err := s.look(ctx)
		if err == nil && ready {
			return s.seen, nil
		}
		if err != nil && permanent(err) {
			return nil, fmt.Errorf("end of topic %s: %w", topic, err)
		}
		if wait.speak() {
			s.tell(log, err)
		}
		if err != nil {
			c.refresh()
		}
		if !wait.wait(ctx) {
			return nil, fmt.Errorf("end of topic %s: replicated up to %v of %v: %w", topic, s.seen, s.ends, errors.Join(ctx.Err(), err))
		}
	}
}

// settling is one wait for the ends of a topic.
type settling struct {
	cluster *cluster
	topic   string
	ends    []int64 // what to wait for
	seen    []int64 // what readers may see
}

func (s *settling) tell(log *slog.Logger, err error) {
	log = log.With("topic", s.topic, "replicated", s.seen, "appended", s.ends)
	if err != nil {
		log.Warn("cannot learn where a topic ends", "err", err)
		return
	}
	log.Warn("waiting until all that was appended to a topic is replicated: do all its brokers run?")
}

// look asks once, and reports whether readers may see what is waited for.
func (s *settling) look(ctx context.Context) (bool, error) {
	n, err := s.cluster.partitions(ctx, s.topic)
	if err != nil {
		return false, err
	}
	epochs := make([]int32, n)
	for p := range epochs {
		epochs[p] = -1
	}
	seen, err := s.cluster.latest(ctx, s.topic, asConsumer, epochs)
	if err != nil {
		return false, err
	}
	// Any replica answers the debugging consumer, also one that is not the
	// leader any more. With the epoch it does so only if it is as of old.
	for p, at := range seen {
		epochs[p] = at.LeaderEpoch
	}
	ends, err := s.cluster.latest(ctx, s.topic, asDebugger, epochs)
	if err != nil {
		return false, err
	}
	return s.compare(seen, ends), nil
}

// compare notes what was said. An end that has moved back is that of another
// leader, which never had what lay beyond; one that has moved on is of records
// that came after the first look.
func (s *settling) compare(seen, ends []listoffsets.ResponsePartition) bool {
	for len(s.ends) < len(ends) {
		s.ends = append(s.ends, math.MaxInt64)
	}
	s.seen = make([]int64, len(seen))
	ready := true
	for p := range ends {
		s.seen[p], s.ends[p] = seen[p].Offset, min(s.ends[p], ends[p].Offset)
		ready = ready && s.seen[p] >= s.ends[p]
	}
	return ready
}

// latest asks for the last offset of each partition, as somebody, by partition.
func (c *cluster) latest(ctx context.Context, topic string, as int32, epochs []int32) ([]listoffsets.ResponsePartition, error) {
	parts := make([]listoffsets.RequestPartition, len(epochs))
	for p, epoch := range epochs {
		parts[p] = listoffsets.RequestPartition{Partition: int32(p), CurrentLeaderEpoch: epoch, Timestamp: kafka.LastOffset}
	}
	res, err := c.roundTrip(ctx, requestTimeout, &listoffsets.Request{
		ReplicaID: as, IsolationLevel: int8(kafka.ReadCommitted),
		Topics: []listoffsets.RequestTopic{{Topic: topic, Partitions: parts}},
	})
	if err != nil {
		return nil, err
	}
	topics := res.(*listoffsets.Response).Topics
	if len(topics) != 1 || len(topics[0].Partitions) != len(epochs) {
		return nil, kafka.UnknownTopicOrPartition
	}
	got := topics[0].Partitions // in order
	for p, at := range got {
		switch {
		case at.ErrorCode != 0:
			return nil, fmt.Errorf("partition %d: %w", p, kafka.Error(at.ErrorCode))
		case int(at.Partition) != p || at.Offset < 0:
			return nil, protocol.NewErrNoLeader(topic, int32(p))
		}
	}
	return got, nil
}
