package wkafka

import (
	"errors"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Headers of a CloudEvents 1.0 event in the binary mode of its Kafka protocol
// binding. Other attributes are headers named ce_ and the attribute's name.
const (
	CloudEventSpec   = "ce_specversion"
	CloudEventID     = "ce_id"
	CloudEventSource = "ce_source"
	CloudEventType   = "ce_type"
	CloudEventKey    = "ce_partitionkey" // the record's key
	ContentType      = "content-type"
)

// CloudEvents returns a Marshal that writes each message as a CloudEvents 1.0
// event in binary mode: the payload is the value, as it is. The UUID becomes
// ce_id; source and typeOf give ce_source and ce_type. Metadata with the name of
// a header (ce_time, content-type, ce_type for a type of its own) set it, and
// the rest become headers as they are. The key is the metadata
// ce_partitionkey.
//
// A Subscriber shows the headers as metadata again; what it takes for the UUID
// is the record's position, since ce_id is the sender's to choose.
func CloudEvents(source string, typeOf func(topic string) string) func(string, *message.Message) (Record, error) {
	return func(topic string, m *message.Message) (Record, error) {
		attribute := func(name, otherwise string) string {
			if v, ok := m.Metadata[name]; ok {
				return v
			}
			return otherwise
		}
		first := []Header{
			{CloudEventSpec, []byte("1.0")},
			{CloudEventID, []byte(attribute(CloudEventID, m.UUID))},
			{CloudEventSource, []byte(attribute(CloudEventSource, source))},
			{CloudEventType, []byte(attribute(CloudEventType, typeOf(topic)))},
		}
		for _, h := range first {
			if len(h.Value) == 0 {
				return Record{}, errors.New("CloudEvents attribute " + h.Key + " is empty: the message's UUID, the source and the type must be set")
			}
		}
		r := Record{Value: m.Payload, Headers: headersOf(m.Metadata, first)}
		if key := m.Metadata[CloudEventKey]; key != "" {
			r.Key = []byte(key)
		}
		return r, nil
	}
}
