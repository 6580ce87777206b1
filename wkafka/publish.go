package wkafka

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"
)

var _ message.Publisher = (*Publisher)(nil)

// Publish appends messages to topic, in order, as one call of Append. It
// returns when all in-sync replicas have them; it retries until the context of
// the first message ends or the publisher's PublishTimeout is over.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	recs := make([]Record, len(messages))
	for i, m := range messages {
		r, err := p.cfg.Marshal(topic, m)
		if err != nil {
			return fmt.Errorf("message %s for %s: %w", m.UUID, topic, err)
		}
		if r.Key == nil && p.cfg.KeyOf != nil {
			r.Key = p.cfg.KeyOf(topic, m)
		}
		recs[i] = r
	}
	ctx, cancel := context.WithTimeout(messages[0].Context(), p.cfg.PublishTimeout)
	defer cancel()
	_, err := p.Append(ctx, topic, recs)
	return err
}

// Marshal makes a record of m as a Subscriber reads it: the payload is the
// value, the metadata are the headers, in the order of their names, and the
// UUID is the header UUIDHeader. The record has no key.
func Marshal(_ string, m *message.Message) (Record, error) {
	var more []Header
	if m.UUID != "" {
		more = []Header{{UUIDHeader, []byte(m.UUID)}}
	}
	return Record{Value: m.Payload, Headers: headersOf(m.Metadata, more)}, nil
}

// headersOf returns first, and what of metadata is not among them.
func headersOf(metadata message.Metadata, first []Header) []Header {
	size := 0
	for _, v := range metadata {
		size += len(v)
	}
	values := make([]byte, 0, size) // of all headers
	headers := slices.Grow(first, len(metadata))
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		if slices.ContainsFunc(first, func(h Header) bool { return h.Key == k }) {
			continue
		}
		from := len(values)
		values = append(values, metadata[k]...)
		headers = append(headers, Header{k, values[from:len(values):len(values)]})
	}
	return headers
}
