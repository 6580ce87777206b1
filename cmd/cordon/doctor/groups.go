package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// groups looks at who reads, and how far.
func (e *exam) groups(ctx context.Context) {
	partitions := map[string]int{}
	for _, t := range e.cluster.Topics {
		if t.Err == nil {
			partitions[t.Name] = len(t.Partitions)
		}
	}
	for _, s := range lag.Stages(e.Topics) {
		for _, group := range slices.Sorted(maps.Keys(s.Groups)) {
			reads := map[string]int{}
			for _, t := range s.Groups[group] {
				if partitions[t] > 0 {
					reads[t] = partitions[t]
				}
			}
			e.group(ctx, s.Name, group, reads)
		}
	}
}

func (e *exam) group(ctx context.Context, service, id string, reads map[string]int) {
	g, err := e.admin.Group(ctx, id)
	if err != nil {
		e.fail("groups", id, "allow this principal Describe on it", "%v", err)
		return
	}
	committed, err := e.admin.CommittedOffsets(ctx, id, reads)
	if err != nil {
		e.fail("groups", id, "", "%v", err)
		return
	}
	var behind, records int64
	for _, t := range slices.Sorted(maps.Keys(reads)) {
		ranges, err := e.admin.Ranges(ctx, t, reads[t])
		if err != nil {
			e.fail("groups", id, "", "%v", err)
			return
		}
		for p, c := range committed[t] {
			behind += max(0, ranges[p].End-max(c.Offset, ranges[p].Start))
			records += ranges[p].End - ranges[p].Start
			e.offset(id, fmt.Sprintf("%s/%d", t, p), c, ranges[p])
		}
	}
	e.members(service, g, behind, records)
}

// offset looks at what is committed for one partition.
func (e *exam) offset(group, partition string, c wkafka.Committed, r wkafka.Range) {
	switch {
	case c.Offset > r.End:
		e.fail("groups", group, "stop its service; if the topic was made anew, reset the group's offset to the end of what it has seen", "%s: offset %d is past the end %d: the topic was truncated or made anew", partition, c.Offset, r.End)
	case c.Offset >= 0 && c.Offset < r.Start:
		e.fail("groups", group, "raise the topic's retention; then reset the group's offset to say that these are lost", "%s: offset %d is gone, the log starts at %d: %d records were removed unread", partition, c.Offset, r.Start, r.Start-c.Offset)
	}
	if err := stream.CheckMetadata(c.Metadata); err != nil {
		e.fail("groups", group, "look who else uses this group; its service refuses to start", "%s: %v", partition, err)
	}
}

// members judges the state of a group.
func (e *exam) members(service string, g wkafka.Group, behind, records int64) {
	const start = "start %s, or look at its log"
	saw := fmt.Sprintf("%s, %d members, %d records behind", g.State, len(g.Members), behind)
	switch {
	case g.State == "Stable" && len(g.Members) > 0:
		e.ok("groups", g.ID, "%s%s", saw, e.who(g))
	case g.State == "Dead" && records == 0:
		e.ok("groups", g.ID, "nobody has read yet, and there is nothing to read")
	case g.State == "Dead":
		e.warn("groups", g.ID, fmt.Sprintf(start, service), "nobody has ever read, %d records wait", behind)
	case strings.Contains(g.State, "Rebalance"):
		e.warn("groups", g.ID, "look again in a moment; if it lasts, members come and go: look at their logs", "%s", saw)
	default:
		e.warn("groups", g.ID, fmt.Sprintf(start, service), "%s: nobody reads", saw)
	}
}

// who names the members' processes.
func (e *exam) who(g wkafka.Group) string {
	var names []string
	for _, m := range g.Members {
		names = append(names, m.ClientID)
	}
	slices.Sort(names)
	return " (" + strings.Join(slices.Compact(names), ", ") + ")"
}

// parked counts what was refused.
func (e *exam) parked(ctx context.Context) {
	topic := e.Topics.Rejected()
	n := 0
	for _, t := range e.cluster.Topics {
		if t.Name == topic && t.Err == nil {
			n = len(t.Partitions)
		}
	}
	if n == 0 {
		return
	}
	ranges, err := e.admin.Ranges(ctx, topic, n)
	if err != nil {
		e.warn("parked", topic, "", "%v", err)
		return
	}
	var records int64
	for _, r := range ranges {
		records += r.End - r.Start
	}
	if records == 0 {
		e.ok("parked", topic, "nothing was refused")
		return
	}
	e.warn("parked", topic, "cordon dlq list", "%d records were refused", records)
}
