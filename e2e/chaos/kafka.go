package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/e2e/chaos/check"
	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

func join(addresses []string) string { return strings.Join(addresses, ",") }

// kafka is what the harness itself asks the brokers, with another client than
// the one under test.
type kafka struct{ *kgo.Client }

// newKafka returns a client that goes to the brokers themselves, past their
// forwarders, whatever names they go by.
func newKafka(b brokers, more ...kgo.Opt) (kafka, error) {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		for _, f := range b.forwarders {
			if f.Addr == address {
				address = f.To
				break
			}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.addresses...), kgo.ClientID("chaos"), kgo.Dialer(dial), kgo.AlwaysRetryEOF(),
	}, more...)...)
	return kafka{c}, err
}

func (k kafka) close() { k.Close() }

// group is what the broker says about a consumer group.
type group struct {
	Name, State string
	Members     []string // client ids with what they hold
}

func (k kafka) groups(ctx context.Context, names []string) ([]group, error) {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = names
	var out []group
	for _, shard := range k.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		for _, g := range shard.Resp.(*kmsg.DescribeGroupsResponse).Groups {
			if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
				return nil, fmt.Errorf("group %s: %w", g.Group, err)
			}
			x := group{Name: g.Group, State: g.State}
			for _, m := range g.Members {
				x.Members = append(x.Members, m.ClientID+" "+wire.Assignment(m.MemberAssignment))
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// stable is nil when each of the groups is stable and has at least n members.
func (k kafka) stable(ctx context.Context, names []string, n int) error {
	all, err := k.groups(ctx, names)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.State != "Stable" || len(g.Members) < n {
			return fmt.Errorf("group %s is %s with %d members; want Stable with %d", g.Name, g.State, len(g.Members), n)
		}
	}
	return nil
}

// replicated is nil when each partition of topics has n replicas.
func (k kafka) replicated(ctx context.Context, topics []string, n int) error {
	req := kmsg.NewPtrMetadataRequest()
	for _, t := range topics {
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = kmsg.StringPtr(t)
		req.Topics = append(req.Topics, rt)
	}
	res, err := req.RequestWith(ctx, k)
	if err != nil {
		return err
	}
	for _, t := range res.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("topic %s: %w", *t.Topic, err)
		}
		for _, p := range t.Partitions {
			if len(p.Replicas) != n {
				return fmt.Errorf("%s/%d has the replicas %v; want %d, one on each node", *t.Topic, p.Partition, p.Replicas, n)
			}
		}
	}
	return nil
}

// committed are the offsets that group has committed for topics.
func (k kafka) committed(ctx context.Context, group string, topics []string) ([]check.Commit, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	var all []int32
	for p := range int32(partitions) {
		all = append(all, p)
	}
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	for _, t := range topics {
		rt := kmsg.NewOffsetFetchRequestTopic()
		rt.Topic, rt.Partitions = t, all
		req.Topics = append(req.Topics, rt)
		gt := kmsg.NewOffsetFetchRequestGroupTopic()
		gt.Topic, gt.Partitions = t, all
		g.Topics = append(g.Topics, gt)
	}
	req.Groups = append(req.Groups, g)
	var out []check.Commit
	for _, shard := range k.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		res := shard.Resp.(*kmsg.OffsetFetchResponse)
		for _, g := range res.Groups {
			if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
				return nil, fmt.Errorf("group %s: %w", group, err)
			}
			for _, t := range g.Topics {
				for _, p := range t.Partitions {
					if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
						return nil, fmt.Errorf("group %s: %w", group, err)
					}
					if p.Offset >= 0 {
						out = append(out, check.Commit{Group: group, Place: check.Place{Topic: t.Topic, Partition: p.Partition, Offset: p.Offset}})
					}
				}
			}
		}
	}
	return out, nil
}

// ends are the offsets after the last record of each partition.
func (k kafka) ends(ctx context.Context, topics ...string) (map[string][]int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	for _, t := range topics {
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = t
		for p := range int32(partitions) {
			rp := kmsg.NewListOffsetsRequestTopicPartition()
			rp.Partition, rp.Timestamp = p, -1
			rt.Partitions = append(rt.Partitions, rp)
		}
		req.Topics = append(req.Topics, rt)
	}
	out := map[string][]int64{}
	for _, t := range topics {
		out[t] = make([]int64, partitions)
	}
	for _, shard := range k.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, fmt.Errorf("end of %s/%d: %w", t.Topic, p.Partition, err)
				}
				out[t.Topic][p.Partition] = p.Offset
			}
		}
	}
	return out, nil
}

// read calls f with every record that topic holds now.
func (k kafka) read(ctx context.Context, topic string, f func(*kgo.Record) error) error {
	ends, err := k.ends(ctx, topic)
	if err != nil {
		return err
	}
	from := map[int32]kgo.Offset{}
	left := 0
	for p, end := range ends[topic] {
		if end > 0 {
			from[int32(p)] = kgo.NewOffset().AtStart()
			left++
		}
	}
	if left == 0 {
		return nil
	}
	k.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	defer k.PurgeTopicsFromConsuming(topic)
	for left > 0 {
		fetched := k.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		var failed error
		fetched.EachRecord(func(r *kgo.Record) {
			if failed == nil && r.Offset < ends[topic][r.Partition] {
				failed = f(r)
			}
			if r.Offset == ends[topic][r.Partition]-1 {
				left--
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}
