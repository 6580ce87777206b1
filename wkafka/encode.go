package wkafka

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"time"
)

// producer is the identity of an idempotent producer on one partition. The
// broker appends a batch only if its sequence follows the last one, and
// answers a repeated batch with the offset it already has.
type producer struct {
	id    int64
	epoch int16
	next  int32 // sequence of the next record
}

// advance moves past n records; sequences wrap to 0 after the largest int32.
func (p *producer) advance(n int) {
	p.next = int32((int64(p.next) + int64(n)) & 0x7fffffff)
}

// encoder builds record batches of version 2, each behind room for what the
// request puts in front of it. It is used by one goroutine and reuses its
// buffers: a batch is valid until the next one is built.
type encoder struct {
	codec  Compression
	codecs *codecs
	table  *crc32.Table
	room   int
	body   []byte // records before compression
	out    []byte
}

func newEncoder(codec Compression, room int) *encoder {
	return &encoder{codec: codec, codecs: &codecs{}, table: crc32.MakeTable(crc32.Castagnoli), room: room}
}

// minCompress is where compressing starts to pay.
const minCompress = 512

// batch encodes the records of parts, at least one, as p's next batch.
func (e *encoder) batch(parts []part, p producer) ([]byte, error) {
	size := 0
	for _, x := range parts {
		size += x.bytes()
	}
	out := grown(e.out, e.room+batchHeader+size)[:e.room+batchHeader]
	h := header{first: parts[0].time(0)}
	if e.codec == None || size < minCompress {
		e.out = h.records(out, parts)
		return e.seal(h, None, p), nil
	}
	e.body = h.records(grown(e.body, size), parts)
	e.out = out
	codec, err := e.compress(out)
	if err != nil {
		return nil, err
	}
	return e.seal(h, codec, p), nil
}

// grown returns b, or a new one, empty and with room for n bytes.
func grown(b []byte, n int) []byte {
	if cap(b) >= n {
		return b[:0]
	}
	return make([]byte, 0, n)
}

// compress appends e.body to dst as e.out, compressed if that makes it smaller.
func (e *encoder) compress(dst []byte) (Compression, error) {
	out, err := e.codecs.deflate(e.codec, dst, e.body)
	if err != nil {
		return None, err
	}
	if e.out = out; len(out)-len(dst) < len(e.body) {
		return e.codec, nil
	}
	e.out = out[:len(dst)]
	e.out = append(e.out, e.body...)
	return None, nil
}

// header is what the header of a batch says about its records.
type header struct {
	count       int
	first, last int64 // time of the first record, and the latest
}

// records appends the records of parts to dst.
func (h *header) records(dst []byte, parts []part) []byte {
	h.last = h.first
	for _, x := range parts {
		for i := range x.len() {
			t := x.time(i)
			h.last = max(h.last, t)
			dst = appendRecord(dst, x.record(i), h.count, t-h.first)
			h.count++
		}
	}
	return dst
}

// seal writes the header of the batch in e.out.
func (e *encoder) seal(h header, codec Compression, p producer) []byte {
	b := e.out[e.room:]
	be := binary.BigEndian
	be.PutUint64(b, 0)
	be.PutUint32(b[batchLength:], uint32(len(b)-batchPrefix))
	be.PutUint32(b[batchPrefix:], 0xffffffff) // leader epoch: the broker's to fill
	b[batchMagic] = 2
	be.PutUint16(b[batchAttributes:], codec.onWire())
	be.PutUint32(b[batchLastDelta:], uint32(h.count-1))
	be.PutUint64(b[batchFirstTime:], uint64(h.first))
	be.PutUint64(b[batchMaxTime:], uint64(h.last))
	be.PutUint64(b[batchProducer:], uint64(p.id))
	be.PutUint16(b[batchEpoch:], uint16(p.epoch))
	be.PutUint32(b[batchSequence:], uint32(p.next))
	be.PutUint32(b[batchCount:], uint32(h.count))
	be.PutUint32(b[batchCRC:], crc32.Checksum(b[batchAttributes:], e.table))
	return e.out
}

// noTime is "no time" in the format's milliseconds.
const noTime = -1

// timestamp is t in the format's milliseconds, or otherwise if t is zero.
func timestamp(t time.Time, otherwise int64) int64 {
	if t.IsZero() {
		return otherwise
	}
	return t.UnixMilli()
}

func appendRecord(dst []byte, r *Record, index int, delta int64) []byte {
	dst = binary.AppendVarint(dst, int64(recordLength(r, index, delta)))
	dst = append(dst, 0) // attributes
	dst = binary.AppendVarint(dst, delta)
	dst = binary.AppendVarint(dst, int64(index))
	dst = appendNullable(dst, r.Key)
	dst = appendNullable(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendNullable(dst, h.Value)
	}
	return dst
}

func recordLength(r *Record, index int, delta int64) int {
	n := 1 + varintLen(delta) + varintLen(int64(index)) + nullableLen(r.Key) + nullableLen(r.Value)
	n += varintLen(int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		n += varintLen(int64(len(h.Key))) + len(h.Key) + nullableLen(h.Value)
	}
	return n
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(b)))
	return append(dst, b...)
}

func nullableLen(b []byte) int {
	if b == nil {
		return 1
	}
	return varintLen(int64(len(b))) + len(b)
}

// varintLen is how many bytes v takes as a zigzag varint.
func varintLen(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	return (bits.Len64(u|1) + 6) / 7
}
