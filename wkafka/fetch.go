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

// fetchRequest asks for the records of one partition. It rides a connection of
// kafka-go, but reads the answer itself: kafka-go would copy every record out of
// it, which costs five times the CPU, and would drop the list of aborted
// transactions.
type fetchRequest struct {
	clientID  string
	topic     string
	partition int32
	offset    int64
	maxBytes  int32
	maxWait   time.Duration
	version   int16 // negotiated
	// uncommitted asks for what open and aborted transactions hold, too.
	uncommitted bool
}

// fetchResponse is the answer about one partition; records is the record set
// as it came.
type fetchResponse struct {
	code      kafka.Error
	highWater int64
	logStart  int64
	aborted   []aborted
	records   []byte
}

func newFetchRequest(clientID, topic string, partition int, offset int64, maxBytes int, maxWait time.Duration) *fetchRequest {
	return &fetchRequest{
		clientID: clientID, topic: topic, partition: int32(partition),
		offset: offset, maxBytes: int32(maxBytes), maxWait: maxWait,
	}
}

// ApiKey implements protocol.Message.
func (r *fetchRequest) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // kafka-go's name

// ApiKey implements protocol.Message.
func (r *fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // kafka-go's name

// Required implements protocol.RawExchanger.
func (r *fetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Fetch]
	return true
}

// The exchange knows these versions. 4 brought isolation levels; from 12 on
// the encoding is another one, and kafka-go does not negotiate it.
const (
	fetchOldest, fetchNewest = 4, 11
	correlation              = 1       // connections carry one request at a time
	maxResponse              = 1 << 30 // a larger length is not a Kafka answer
)

// RawExchange implements protocol.RawExchanger.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < fetchOldest || r.version > fetchNewest {
		return nil, fmt.Errorf("broker speaks version %d of the fetch API, want %d to %d: Kafka 0.11 or later is needed",
			r.version, fetchOldest, fetchNewest)
	}
	if _, err := rw.Write(r.encode()); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, unexpected(err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 4 || size > maxResponse {
		return nil, fmt.Errorf("fetch answer of %d bytes: is this a Kafka broker, and is TLS set as it wants?", size)
	}
	if id := binary.BigEndian.Uint32(head[4:]); id != correlation {
		return nil, fmt.Errorf("fetch answer has correlation id %d, want %d", id, correlation)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, unexpected(err)
	}
	return r.decode(body)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *fetchRequest) encode() []byte {
	be := binary.BigEndian
	b := make([]byte, 4, 128+len(r.topic)+len(r.clientID))
	b = be.AppendUint16(b, uint16(protocol.Fetch))
	b = be.AppendUint16(b, uint16(r.version))
	b = be.AppendUint32(b, correlation)
	b = appendString(b, r.clientID)
	b = be.AppendUint32(b, 0xffffffff) // replica: a client
	b = be.AppendUint32(b, uint32(r.maxWait.Milliseconds()))
	b = be.AppendUint32(b, 1) // min bytes
	b = be.AppendUint32(b, uint32(r.maxBytes))
	b = append(b, r.isolation())
	if r.version >= 7 {
		b = be.AppendUint32(b, 0)          // session
		b = be.AppendUint32(b, 0xffffffff) // epoch: no session
	}
	b = be.AppendUint32(b, 1)
	b = appendString(b, r.topic)
	b = be.AppendUint32(b, 1)
	b = r.appendPartition(b)
	if r.version >= 7 {
		b = be.AppendUint32(b, 0) // forgotten topics
	}
	if r.version >= 11 {
		b = appendString(b, "") // rack
	}
	be.PutUint32(b, uint32(len(b)-4))
	return b
}

func (r *fetchRequest) isolation() byte {
	if r.uncommitted {
		return 0
	}
	return 1
}

func (r *fetchRequest) appendPartition(b []byte) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, uint32(r.partition))
	if r.version >= 9 {
		b = be.AppendUint32(b, 0xffffffff) // leader epoch: unknown
	}
	b = be.AppendUint64(b, uint64(r.offset))
	if r.version >= 5 {
		b = be.AppendUint64(b, ^uint64(0)) // log start: a follower's field
	}
	return be.AppendUint32(b, uint32(r.maxBytes))
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

func (r *fetchRequest) decode(body []byte) (*fetchResponse, error) {
	w := wire{b: body}
	w.int32() // throttle
	code := int16(0)
	if r.version >= 7 {
		code = w.int16()
		w.int32() // session
	}
	if code != 0 {
		return &fetchResponse{code: kafka.Error(code)}, nil
	}
	if n := w.int32(); n != 1 {
		return nil, fmt.Errorf("fetch answer about %d topics, want 1", n)
	}
	w.bytes(int(w.int16())) // topic
	if n := w.int32(); n != 1 {
		return nil, fmt.Errorf("fetch answer about %d partitions, want 1", n)
	}
	res := r.decodePartition(&w)
	if w.bad {
		return nil, errors.New("fetch answer cut short")
	}
	return res, nil
}

func (r *fetchRequest) decodePartition(w *wire) *fetchResponse {
	w.int32() // partition
	res := &fetchResponse{logStart: -1}
	res.code = kafka.Error(w.int16())
	res.highWater = w.int64()
	// Readers of committed records see up to the last stable offset.
	if stable := w.int64(); stable >= 0 && !r.uncommitted {
		res.highWater = min(res.highWater, stable)
	}
	if r.version >= 5 {
		res.logStart = w.int64()
	}
	for n := w.int32(); n > 0 && !w.bad; n-- {
		res.aborted = append(res.aborted, aborted{producer: w.int64(), first: w.int64()})
	}
	if r.version >= 11 {
		w.int32() // preferred replica
	}
	res.records = w.bytes(int(w.int32()))
	return res
}

// wire reads big-endian values from b and turns bad at the first that does not
// fit.
type wire struct {
	b   []byte
	bad bool
}

func (w *wire) bytes(n int) []byte {
	if n < 0 || w.bad {
		return nil
	}
	if n > len(w.b) {
		w.bad, w.b = true, nil
		return nil
	}
	s := w.b[:n:n]
	w.b = w.b[n:]
	return s
}

func (w *wire) int16() int16 {
	if s := w.bytes(2); s != nil {
		return int16(binary.BigEndian.Uint16(s))
	}
	return 0
}

func (w *wire) int32() int32 {
	if s := w.bytes(4); s != nil {
		return int32(binary.BigEndian.Uint32(s))
	}
	return 0
}

func (w *wire) int64() int64 {
	if s := w.bytes(8); s != nil {
		return int64(binary.BigEndian.Uint64(s))
	}
	return 0
}
