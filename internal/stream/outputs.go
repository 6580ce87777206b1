package stream

import (
	"slices"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// outputs are the records of one batch to append, by topic in the order in
// which the topics came up.
type outputs struct {
	topics  []string
	byTopic map[string][]output
	slab    []cordon.Header // room for the headers of the records to come
	span    *tracing.Batch  // nil: nothing is traced
}

// output is a record to append and how to find it in the log.
type output struct {
	record cordon.Record
	in     *cordon.Record // that it follows from
	id     string
}

// add takes an output with identity id, made of in, whose position is at as
// text.
func (o *outputs) add(made Output, in *cordon.Record, at, id string) {
	if o.byTopic == nil {
		o.byTopic = make(map[string][]output)
	}
	list, ok := o.byTopic[made.Topic]
	if !ok {
		o.topics = append(o.topics, made.Topic)
	}
	r := made.Record
	r.Headers = o.withInput(o.span.Carry(r.Headers, in), at)
	if r.Time.IsZero() {
		r.Time = in.Time
	}
	o.byTopic[made.Topic] = append(list, output{r, in, id})
}

// slabHeaders is how many headers are allocated at once.
const slabHeaders = 1024

// withInput returns headers with the position of the input, and no other.
func (o *outputs) withInput(headers []cordon.Header, at string) []cordon.Header {
	if n := len(headers) + 1; cap(o.slab)-len(o.slab) < n {
		o.slab = make([]cordon.Header, 0, max(n, slabHeaders))
	}
	first := len(o.slab)
	for _, h := range headers {
		if h.Key != cordon.HeaderInput {
			o.slab = append(o.slab, h)
		}
	}
	o.slab = append(o.slab, cordon.Header{Key: cordon.HeaderInput, Value: at})
	return o.slab[first:len(o.slab):len(o.slab)]
}

// records returns the records for topic, ready to append.
func (o *outputs) records(topic string) []wkafka.Record {
	list := o.byTopic[topic]
	return toKafka(len(list), func(i int) *cordon.Record { return &list[i].record })
}

// keepUnsent removes the records for topic that done says where they stand, in
// the order of records, and returns how many.
func (o *outputs) keepUnsent(topic string, done []wkafka.Appended) int {
	list := o.byTopic[topic]
	if len(done) != len(list) {
		return 0 // nothing was sent
	}
	var left []output
	for i, d := range done {
		if d.Offset < 0 {
			left = append(left, list[i])
		}
	}
	o.byTopic[topic] = left
	return len(list) - len(left)
}

// remove takes out from the records for topic.
func (o *outputs) remove(topic string, out output) {
	o.byTopic[topic] = slices.DeleteFunc(slices.Clone(o.byTopic[topic]), func(other output) bool {
		return other.in.Position == out.in.Position && other.id == out.id
	})
}

// drop removes the records for topic that are in the log.
func (o *outputs) drop(topic string, in seen) {
	var left []output
	for _, out := range o.byTopic[topic] {
		if !in.take(topic, out.in.Position.Offset, out.id) {
			left = append(left, out)
		}
	}
	o.byTopic[topic] = left
}

// refused reports whether the input at offset has a record for the topic of
// rejected ones.
func (o *outputs) refused(offset int64, topic string) bool {
	return slices.ContainsFunc(o.byTopic[topic], func(out output) bool { return out.in.Position.Offset == offset })
}
