package wkafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// produceRequest carries one batch to the leader of its partition. Like
// fetchRequest it writes and reads by itself: the batch is not copied again, and
// it is known whether anything of it was written.
type produceRequest struct {
	head    []byte       // the fields before the batch, of produceHead
	frame   []byte       // room for what comes before the batch, and the batch
	allowed func() error // asked before anything is written; may be nil
	version int16        // negotiated
	sent    bool         // something of it may have been written
}

// produceResponse is the answer about the partition.
type produceResponse struct {
	code    kafka.Error
	message string // the broker's words; may be empty
	base    int64  // offset of the first record
}

// produceTimeout is how long the leader waits for the other replicas: less
// than the client waits for the leader, so that there is an answer.
const produceTimeout = requestTimeout * 4 / 5

// produceHead encodes the fields that all produce requests for a partition
// have in common, from the correlation id to the partition's number.
func produceHead(clientID, topic string, partition int) []byte {
	be := binary.BigEndian
	b := be.AppendUint32(nil, correlation)
	b = appendString(b, clientID)
	b = be.AppendUint16(b, 0xffff) // no transaction
	b = be.AppendUint16(b, 0xffff) // all in-sync replicas
	b = be.AppendUint32(b, uint32(produceTimeout/time.Millisecond))
	b = be.AppendUint32(b, 1)
	b = appendString(b, topic)
	b = be.AppendUint32(b, 1)
	return be.AppendUint32(b, uint32(partition))
}

// ApiKey implements protocol.Message.
func (r *produceRequest) ApiKey() protocol.ApiKey { return protocol.Produce } //nolint:revive // kafka-go's name

// ApiKey implements protocol.Message.
func (r *produceResponse) ApiKey() protocol.ApiKey { return protocol.Produce } //nolint:revive // kafka-go's name

// Required implements protocol.RawExchanger.
func (r *produceRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Produce]
	return true
}

// The exchange knows these versions: 3 brought batches of version 2, and from 9
// on the encoding is another one, which kafka-go does not negotiate.
const produceOldest, produceNewest = 3, 8

// RawExchange implements protocol.RawExchanger.
func (r *produceRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < produceOldest || r.version > produceNewest {
		return nil, fmt.Errorf("%w: broker speaks version %d of the produce API, want %d to %d: Kafka 0.11 or later is needed",
			errUnencodable, r.version, produceOldest, produceNewest)
	}
	if r.allowed != nil {
		if err := r.allowed(); err != nil {
			return nil, err
		}
	}
	r.sent = true
	r.fill()
	if _, err := rw.Write(r.frame); err != nil {
		return nil, err
	}
	body, err := readAnswer(rw)
	if err != nil {
		return nil, err
	}
	return r.decode(body)
}

// fill writes what comes before the batch.
func (r *produceRequest) fill() {
	be := binary.BigEndian
	b := be.AppendUint32(r.frame[:0], uint32(len(r.frame)-4))
	b = be.AppendUint16(b, uint16(protocol.Produce))
	b = be.AppendUint16(b, uint16(r.version))
	b = append(b, r.head...)
	be.AppendUint32(b, uint32(len(r.frame)-produceRoom(r.head)))
}

// produceRoom is how many bytes come before the batch.
func produceRoom(head []byte) int { return 4 + 2 + 2 + len(head) + 4 }

// readAnswer reads one answer, without its length and correlation id.
func readAnswer(r io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, unexpected(err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 4 || size > maxResponse {
		return nil, fmt.Errorf("answer of %d bytes: is this a Kafka broker, and is TLS set as it wants?", size)
	}
	if id := binary.BigEndian.Uint32(head[4:]); id != correlation {
		return nil, fmt.Errorf("answer has correlation id %d, want %d", id, correlation)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, unexpected(err)
	}
	return body, nil
}

func (r *produceRequest) decode(body []byte) (*produceResponse, error) {
	w := wire{b: body}
	if n := w.int32(); n != 1 {
		return nil, fmt.Errorf("produce answer about %d topics, want 1", n)
	}
	w.bytes(int(w.int16())) // topic
	if n := w.int32(); n != 1 {
		return nil, fmt.Errorf("produce answer about %d partitions, want 1", n)
	}
	w.int32() // partition
	res := &produceResponse{code: kafka.Error(w.int16()), base: w.int64()}
	w.int64() // time of append
	if r.version >= 5 {
		w.int64() // start of the log
	}
	if r.version >= 8 {
		for n := w.int32(); n > 0 && !w.bad; n-- {
			w.int32() // record
			if s := w.bytes(int(w.int16())); s != nil && res.message == "" {
				res.message = string(s)
			}
		}
		if s := w.bytes(int(w.int16())); s != nil {
			res.message = string(s)
		}
	}
	if w.bad {
		return nil, errors.New("produce answer cut short")
	}
	return res, nil
}

// err is what the answer says about the batch.
func (r *produceResponse) err() error {
	switch {
	case r.code != 0 && r.message != "":
		return fmt.Errorf("%w: %s", r.code, r.message)
	case r.code != 0:
		return r.code
	case r.base < 0:
		return errNoOffset
	}
	return nil
}
