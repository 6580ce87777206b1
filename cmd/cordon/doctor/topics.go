package doctor

import (
	"context"
	"fmt"

	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/wkafka"
)

func (e *exam) topics(ctx context.Context) {
	var there []wkafka.Topic
	var names []string
	for _, t := range e.cluster.Topics {
		if t.Err == nil {
			there, names = append(there, t), append(names, t.Name)
		}
	}
	settings, err := e.admin.TopicConfigs(ctx, names...)
	if err != nil {
		e.warn("topics", "settings", "allow this principal DescribeConfigs on the topics", "they cannot be read: %v", err)
	}
	for _, d := range merge(topics.Check(e.cluster.Topics, settings, e.Expect)) {
		e.add(Finding{Area: "topics", Name: d.Topic, Level: d.Level, Saw: fmt.Sprintf("%s is %s; want %s: %s", d.Setting, d.Have, d.Want, d.Why), Next: d.Next})
	}
	if len(there) > 0 {
		t := there[0].Partitions
		e.ok("topics", "all", "%d of %d are there, %d partitions with %d copies each", len(there), len(e.Expect.Specs), len(t), len(t[0].Replicas))
	}
}

// merge says once what is the same of several topics.
func merge(diffs []topics.Difference) []topics.Difference {
	var out []topics.Difference
	at := map[topics.Difference]int{}
	for _, d := range diffs {
		key := d
		key.Topic = ""
		i, seen := at[key]
		if seen {
			out[i].Topic += ", " + d.Topic
			continue
		}
		at[key] = len(out)
		out = append(out, d)
	}
	return out
}
