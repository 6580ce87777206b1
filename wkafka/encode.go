package wkafka

import (
	"encoding/binary"
	"hash/crc32"
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

// encoder builds record batches of version 2. It is used by one goroutine and
// reuses its buffers: a batch is valid until the next one is built.
type encoder struct {
	codec  Compression
	codecs *codecs
	table  *crc32.Table
	body   []byte
	out    []byte
}

func newEncoder(codec Compression) *encoder {
	return &encoder{codec: codec, codecs: &codecs{}, table: crc32.MakeTable(crc32.Castagnoli)}
}

// minCompress is where compressing starts to pay.
const minCompress = 512

// batch encodes recs, at least one, as p's next batch.
func (e *encoder) batch(recs []*Record, p producer) ([]byte, error) {
	first, last := times(recs)
	e.body = e.body[:0]
	for i, r := range recs {
		e.body = appendRecord(e.body, r, i, timestamp(r.Time)-first)
	}
	codec, err := e.payload()
	if err != nil {
		return nil, err
	}
	b := e.out
	be := binary.BigEndian
	be.PutUint64(b, 0)
	be.PutUint32(b[batchLength:], uint32(len(b)-batchPrefix))
	be.PutUint32(b[batchPrefix:], 0xffffffff) // leader epoch: the broker's to fill
	b[batchMagic] = 2
	be.PutUint16(b[batchAttributes:], uint16(codec))
	be.PutUint32(b[batchLastDelta:], uint32(len(recs)-1))
	be.PutUint64(b[batchFirstTime:], uint64(first))
	be.PutUint64(b[batchMaxTime:], uint64(last))
	be.PutUint64(b[batchProducer:], uint64(p.id))
	be.PutUint16(b[batchEpoch:], uint16(p.epoch))
	be.PutUint32(b[batchSequence:], uint32(p.next))
	be.PutUint32(b[batchCount:], uint32(len(recs)))
	be.PutUint32(b[batchCRC:], crc32.Checksum(b[batchAttributes:], e.table))
	return b, nil
}

// payload puts e.body behind room for the header in e.out, compressed if that
// makes it smaller.
func (e *encoder) payload() (Compression, error) {
	if cap(e.out) < batchHeader {
		e.out = make([]byte, batchHeader, batchHeader+len(e.body))
	}
	if e.codec != None && len(e.body) >= minCompress {
		out, err := e.codecs.deflate(e.codec, e.out[:batchHeader], e.body)
		if err != nil {
			return None, err
		}
		if e.out = out; len(out) < batchHeader+len(e.body) {
			return e.codec, nil
		}
	}
	e.out = append(e.out[:batchHeader], e.body...)
	return None, nil
}

func times(recs []*Record) (first, last int64) {
	first, last = timestamp(recs[0].Time), timestamp(recs[0].Time)
	for _, r := range recs[1:] {
		last = max(last, timestamp(r.Time))
	}
	return first, last
}

// timestamp is t in the format's milliseconds; -1 is "no time".
func timestamp(t time.Time) int64 {
	if t.IsZero() {
		return -1
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
	for _, h := range r.Headers {
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendNullable(dst, h.Value)
	}
	return dst
}

func recordLength(r *Record, index int, delta int64) int {
	n := 1 + varintLen(delta) + varintLen(int64(index)) + nullableLen(r.Key) + nullableLen(r.Value)
	n += varintLen(int64(len(r.Headers)))
	for _, h := range r.Headers {
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

func varintLen(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	n := 1
	for u >= 0x80 {
		u >>= 7
		n++
	}
	return n
}
