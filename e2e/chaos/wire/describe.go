package wire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// describe takes from req what r is about.
func (r *Request) describe(req kmsg.Request) {
	switch q := req.(type) {
	case *kmsg.ProduceRequest:
		r.produce(q)
	case *kmsg.OffsetCommitRequest:
		r.commit(q)
	case *kmsg.OffsetFetchRequest:
		r.About = q.Group
		if len(q.Groups) > 0 {
			r.About = q.Groups[0].Group
		}
	case *kmsg.JoinGroupRequest:
		r.About, r.Says = q.Group, fmt.Sprintf("member %s", q.MemberID)
	case *kmsg.SyncGroupRequest:
		r.About, r.Says = q.Group, fmt.Sprintf("member %s generation %d assigns %d", q.MemberID, q.Generation, len(q.GroupAssignment))
	case *kmsg.HeartbeatRequest:
		r.About, r.Says = q.Group, fmt.Sprintf("member %s generation %d", q.MemberID, q.Generation)
	case *kmsg.LeaveGroupRequest:
		r.About, r.Says = q.Group, fmt.Sprintf("member %s", q.MemberID)
		for _, m := range q.Members {
			r.Says += " " + m.MemberID
		}
	}
}

func (r *Request) produce(q *kmsg.ProduceRequest) {
	var topics, parts []string
	for _, t := range q.Topics {
		topics = append(topics, t.Topic)
		for _, p := range t.Partitions {
			var b kmsg.RecordBatch
			if b.ReadFrom(p.Records) != nil {
				parts = append(parts, fmt.Sprintf("/%d: ?", p.Partition))
				continue
			}
			parts = append(parts, fmt.Sprintf("/%d: %d records, producer %d epoch %d sequence %d", p.Partition, b.NumRecords, b.ProducerID, b.ProducerEpoch, b.FirstSequence))
		}
	}
	slices.Sort(topics)
	if topics = slices.Compact(topics); len(topics) == 1 {
		r.About = topics[0]
	}
	r.Says = strings.Join(parts, "; ")
}

func (r *Request) commit(q *kmsg.OffsetCommitRequest) {
	r.About = q.Group
	var parts []string
	for _, t := range q.Topics {
		for _, p := range t.Partitions {
			r.Commits = append(r.Commits, Commit{q.Group, t.Topic, p.Partition, p.Offset})
			metadata := ""
			if p.Metadata != nil {
				metadata = *p.Metadata
			}
			parts = append(parts, fmt.Sprintf("%s/%d: %d %.40q", t.Topic, p.Partition, p.Offset, metadata))
		}
	}
	r.Says = fmt.Sprintf("member %s generation %d %s", q.MemberID, q.Generation, strings.Join(parts, "; "))
}

// answered is what an answer says, for people.
func answered(res kmsg.Response) string {
	switch a := res.(type) {
	case *kmsg.ProduceResponse:
		var parts []string
		for _, t := range a.Topics {
			for _, p := range t.Partitions {
				parts = append(parts, fmt.Sprintf("/%d at %d %s", p.Partition, p.BaseOffset, code(p.ErrorCode)))
			}
		}
		return strings.Join(parts, "; ")
	case *kmsg.OffsetCommitResponse:
		var parts []string
		for _, t := range a.Topics {
			for _, p := range t.Partitions {
				parts = append(parts, fmt.Sprintf("/%d %s", p.Partition, code(p.ErrorCode)))
			}
		}
		return strings.Join(parts, "; ")
	case *kmsg.JoinGroupResponse:
		return fmt.Sprintf("%s member %s generation %d, leader %s of %d", code(a.ErrorCode), a.MemberID, a.Generation, a.LeaderID, len(a.Members))
	case *kmsg.SyncGroupResponse:
		return code(a.ErrorCode) + " " + Assignment(a.MemberAssignment)
	case *kmsg.HeartbeatResponse:
		return code(a.ErrorCode)
	case *kmsg.LeaveGroupResponse:
		return code(a.ErrorCode)
	}
	return ""
}

// Assignment is a member's assignment for people.
func Assignment(b []byte) string {
	var a kmsg.ConsumerMemberAssignment
	if a.ReadFrom(b) != nil {
		return "?"
	}
	var parts []string
	for _, t := range a.Topics {
		parts = append(parts, fmt.Sprint(t.Topic, t.Partitions))
	}
	return strings.Join(parts, " ")
}

func code(n int16) string {
	if err := kerr.ErrorForCode(n); err != nil {
		text, _, _ := strings.Cut(err.Error(), ":")
		return text
	}
	return "ok"
}
