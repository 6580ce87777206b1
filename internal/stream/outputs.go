package stream

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// outputs are the records of one batch to append, by topic in the order in
// which the topics came up.
type outputs struct {
	topics  []string
	byTopic map[string][]output
}

// output is a record to append and how to find it in the log.
type output struct {
	record cordon.Record
	offset int64 // of its input
	id     string
}

// add takes o, made of in, whose position is at as text.
func (o *outputs) add(made Output, in cordon.Record, at string) {
	if o.byTopic == nil {
		o.byTopic = make(map[string][]output)
	}
	if _, ok := o.byTopic[made.Topic]; !ok {
		o.topics = append(o.topics, made.Topic)
	}
	r := made.Record
	id := r.Header(cordon.HeaderID)
	r.Headers = withInput(r.Headers, at)
	if r.Time.IsZero() {
		r.Time = in.Time
	}
	o.byTopic[made.Topic] = append(o.byTopic[made.Topic], output{r, in.Position.Offset, id})
}

// withInput returns headers with the position of the input, and no other.
func withInput(headers []cordon.Header, at string) []cordon.Header {
	out := make([]cordon.Header, 0, len(headers)+1)
	for _, h := range headers {
		if h.Key != cordon.HeaderInput {
			out = append(out, h)
		}
	}
	return append(out, cordon.Header{Key: cordon.HeaderInput, Value: at})
}

// records returns the records for topic, ready to append.
func (o *outputs) records(topic string) []wkafka.Record {
	list := o.byTopic[topic]
	recs := make([]wkafka.Record, len(list))
	for i := range list {
		recs[i] = toKafka(&list[i].record)
	}
	return recs
}

// drop removes the records for topic that are in the log.
func (o *outputs) drop(topic string, in seen) {
	var left []output
	for _, out := range o.byTopic[topic] {
		if !in.take(topic, out.offset, out.id) {
			left = append(left, out)
		}
	}
	o.byTopic[topic] = left
}
