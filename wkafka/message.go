package wkafka

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
)

// UUIDHeader carries the UUID of a watermill message, as watermill-kafka does.
const UUIDHeader = "_watermill_message_uuid"

// Delivery is what a message of a Subscriber stands for.
type Delivery struct {
	Claim *Claim
	Batch Batch // one record, or in batch mode all of a fetch

	metadata string
}

// SetMetadata sets what is committed beside the offset when the message is
// acknowledged. Only batch mode commits it. Call it before Ack.
func (d *Delivery) SetMetadata(s string) { d.metadata = s }

type deliveryKey struct{}

// DeliveryFrom returns the Delivery of the message whose context ctx is, or
// nil.
func DeliveryFrom(ctx context.Context) *Delivery {
	d, _ := ctx.Value(deliveryKey{}).(*Delivery)
	return d
}

// newMessage makes the message of d. Its context ends when cancel is called.
func newMessage(ctx context.Context, d *Delivery, batch bool) (*message.Message, context.CancelFunc) {
	first := &d.Batch.Records[0]
	at := fmt.Sprintf("%s/%d/%d", first.Topic, first.Partition, first.Offset)
	var msg *message.Message
	if batch {
		msg = message.NewMessage(fmt.Sprintf("%s-%d", at, d.Batch.Last()), nil)
	} else {
		msg = message.NewMessage(at, first.Value)
		readHeaders(msg, first.Headers)
	}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, deliveryKey{}, d))
	msg.SetContext(ctx)
	return msg, cancel
}

// readHeaders puts headers into msg. Of a repeated header the last one stays;
// the Delivery has them all.
func readHeaders(msg *message.Message, headers []Header) {
	for _, h := range headers {
		if h.Key == UUIDHeader {
			msg.UUID = string(h.Value)
			continue
		}
		msg.Metadata.Set(h.Key, string(h.Value))
	}
}

// Publish appends messages to topic, in order, as one call of Append. It
// returns when all in-sync replicas have them; it retries until the context of
// the first message ends or the publisher's PublishTimeout is over.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(messages[0].Context(), p.cfg.PublishTimeout)
	defer cancel()
	recs := make([]Record, len(messages))
	for i, m := range messages {
		recs[i] = p.record(topic, m)
	}
	_, err := p.Append(ctx, topic, recs)
	return err
}

func (p *Publisher) record(topic string, m *message.Message) Record {
	r := Record{Value: m.Payload, Headers: make([]Header, 0, len(m.Metadata)+1)}
	if m.UUID != "" {
		r.Headers = append(r.Headers, Header{UUIDHeader, []byte(m.UUID)})
	}
	for k, v := range m.Metadata {
		r.Headers = append(r.Headers, Header{k, []byte(v)})
	}
	if p.cfg.KeyOf != nil {
		r.Key = p.cfg.KeyOf(topic, m)
	}
	return r
}

var _ message.Publisher = (*Publisher)(nil)
