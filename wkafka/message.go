package wkafka

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"
)

// UUIDHeader carries the UUID of a watermill message, as watermill-kafka does.
const UUIDHeader = "_watermill_message_uuid"

// minter makes the messages of one claim.
type minter struct {
	claim *Claim
	base  context.Context // values for the contexts of messages; never ends
	parks bool
	place string     // "topic/partition/"
	uuid  []byte     // of the last message
	slab  []delivery // to hand out: one allocation for many
}

// slabSize bounds what a message that is kept for long keeps with it.
const slabSize = 32

func newMinter(c *Claim, base context.Context, parks bool) *minter {
	return &minter{claim: c, base: base, parks: parks, place: name(c.Topic, c.Partition) + "/"}
}

// single makes the message of the first record of b.
func (m *minter) single(b Batch, attempt int) (*message.Message, *delivery) {
	if len(m.slab) == 0 {
		m.slab = make([]delivery, slabSize)
	}
	d := &m.slab[0]
	m.slab = m.slab[1:]
	b.Records = b.Records[:1:1]
	m.fill(d, b, attempt)
	r := &b.Records[0]
	m.uuid = strconv.AppendInt(append(m.uuid[:0], m.place...), r.Offset, 10)
	msg := message.NewMessage(string(m.uuid), r.Value)
	readHeaders(msg, r.Headers)
	msg.SetContext(d)
	return msg, d
}

// batch makes the message of all records of b.
func (m *minter) batch(b Batch, attempt int) (*message.Message, *delivery) {
	d := &delivery{}
	m.fill(d, b, attempt)
	msg := message.NewMessage(fmt.Sprintf("%s%d-%d", m.place, b.Records[0].Offset, b.Last()), nil)
	msg.SetContext(d)
	return msg, d
}

func (m *minter) fill(d *delivery, b Batch, attempt int) {
	d.Claim, d.Batch, d.Attempt, d.parks, d.Context = m.claim, b, attempt, m.parks, m.base
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
