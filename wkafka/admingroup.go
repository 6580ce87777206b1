package wkafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/describegroups"
)

// Group is the state of a consumer group.
type Group struct {
	ID         string
	State      string // such as "Stable", "Empty", or "Dead" for one that does not exist
	Members    []Member
	Operations int32 // what this client may do with it; see Allows
}

// Member is a member of a group.
type Member struct{ ID, ClientID, Host string }

// Group asks the coordinator about a consumer group.
func (a *Admin) Group(ctx context.Context, id string) (g Group, err error) {
	err = a.retry(ctx, func() error { g, err = a.group(ctx, id); return err })
	return g, err
}

// retry waits for a coordinator that is being chosen, among others.
func (a *Admin) retry(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	return a.cluster.retry(ctx, f)
}

func (a *Admin) group(ctx context.Context, id string) (Group, error) {
	res, err := a.cluster.roundTrip(ctx, requestTimeout, &describegroups.Request{Groups: []string{id}, IncludeAuthorizedOperations: true})
	if err != nil {
		return Group{}, fmt.Errorf("group %s: %w", id, err)
	}
	groups, ok := res.(*describegroups.Response)
	if !ok || len(groups.Groups) != 1 {
		return Group{}, fmt.Errorf("group %s: the answer is about other groups", id)
	}
	g := groups.Groups[0]
	if code := kafka.Error(g.ErrorCode); code != 0 && code != kafka.GroupIdNotFound {
		return Group{}, fmt.Errorf("group %s: %w", id, code)
	}
	out := Group{ID: id, State: g.GroupState, Operations: g.AuthorizedOperations}
	for _, m := range g.Members {
		out.Members = append(out.Members, Member{m.MemberID, m.ClientID, m.ClientHost})
	}
	return out, nil
}

// Committed is what a group has committed for a partition.
type Committed struct {
	Offset   int64 // -1: nothing
	Metadata string
}

// CommittedOffsets returns what group has committed for the partitions below
// the numbers in partitions, by topic and partition. A group that does not
// exist has committed nothing.
func (a *Admin) CommittedOffsets(ctx context.Context, group string, partitions map[string]int) (c map[string][]Committed, err error) {
	err = a.retry(ctx, func() error { c, err = a.committed(ctx, group, partitions); return err })
	return c, err
}

func (a *Admin) committed(ctx context.Context, group string, partitions map[string]int) (map[string][]Committed, error) {
	req := &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{}}
	out := map[string][]Committed{}
	for t, n := range partitions {
		for p := range n {
			req.Topics[t] = append(req.Topics[t], p)
			out[t] = append(out[t], Committed{Offset: -1})
		}
	}
	res, err := a.cluster.client.OffsetFetch(ctx, req)
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafka.GroupIdNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	for t, ps := range res.Topics {
		for _, p := range ps {
			if p.Error != nil {
				return nil, fmt.Errorf("offsets of group %s, %s: %w", group, name(t, p.Partition), p.Error)
			}
			if p.Partition < len(out[t]) {
				out[t][p.Partition] = Committed{p.CommittedOffset, p.Metadata}
			}
		}
	}
	return out, nil
}

// Range are the first offset of a partition that is kept and the one after its
// last record.
type Range struct{ Start, End int64 }

// Ranges returns what is kept of each partition of topic.
func (a *Admin) Ranges(ctx context.Context, topic string, partitions int) (r []Range, err error) {
	err = a.retry(ctx, func() error { r, err = a.ranges(ctx, topic, partitions); return err })
	return r, err
}

func (a *Admin) ranges(ctx context.Context, topic string, partitions int) ([]Range, error) {
	out := make([]Range, partitions)
	for _, which := range []int64{kafka.FirstOffset, kafka.LastOffset} {
		req := make([]kafka.OffsetRequest, partitions)
		for p := range req {
			req[p] = kafka.OffsetRequest{Partition: p, Timestamp: which}
		}
		res, err := a.cluster.listOffsets(ctx, topic, req)
		if err != nil {
			return nil, fmt.Errorf("offsets of topic %s: %w", topic, err)
		}
		for p, r := range res {
			if which == kafka.FirstOffset {
				out[p].Start = r.FirstOffset
				continue
			}
			out[p].End = r.LastOffset
		}
	}
	return out, nil
}

// OffsetsAt returns, for each partition of topic, the offset of the first
// record whose time is at or after at; where there is none, that after the last
// record.
func (a *Admin) OffsetsAt(ctx context.Context, topic string, partitions int, at time.Time) (offsets []int64, err error) {
	err = a.retry(ctx, func() error { offsets, err = a.offsetsAt(ctx, topic, partitions, at); return err })
	return offsets, err
}

func (a *Admin) offsetsAt(ctx context.Context, topic string, partitions int, at time.Time) ([]int64, error) {
	kept, err := a.ranges(ctx, topic, partitions)
	if err != nil {
		return nil, err
	}
	if at.UnixMilli() < 0 {
		at = time.UnixMilli(0) // less stands for other things
	}
	req := make([]kafka.OffsetRequest, partitions)
	out := make([]int64, partitions)
	for p := range req {
		req[p], out[p] = kafka.TimeOffsetOf(p, at), kept[p].End
	}
	res, err := a.cluster.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: req}})
	if err != nil {
		return nil, fmt.Errorf("offsets of topic %s at %s: %w", topic, at.UTC().Format(time.RFC3339), err)
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("offsets of topic %s at %s: %w", topic, at.UTC().Format(time.RFC3339), p.Error)
		}
		for offset := range p.Offsets {
			if offset >= 0 && p.Partition < partitions {
				out[p.Partition] = offset
			}
		}
	}
	return out, nil
}
