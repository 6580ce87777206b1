package wkafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sort"
	"time"
)

// Layout of a record batch of version 2, KIP-98; offsets of its fields.
const (
	batchLength      = 8
	batchMagic       = 16
	batchCRC         = 17
	batchAttributes  = 21
	batchLastDelta   = 23
	batchFirstTime   = 27
	batchMaxTime     = 35
	batchProducer    = 43
	batchEpoch       = 51
	batchSequence    = 53
	batchCount       = 57
	batchHeader      = 61
	batchPrefix      = 12 // base offset and length, which the length does not count
	attrCodec        = 0x07
	attrAppendTime   = 0x08
	attrTxn          = 0x10
	attrControl      = 0x20
	minRecordBytes   = 7 // length, attributes, two deltas, two lengths, count of headers
	abortMarker      = 0 // type of a control record that ends a transaction by abort
	maxInternedNames = 64
)

var errCorrupt = errors.New("corrupt record batch")

// aborted is one aborted transaction that overlaps a fetch response.
type aborted struct {
	producer int64
	first    int64
}

// decoder turns the record sets of one partition into Records. It is used by
// one goroutine.
type decoder struct {
	topic     string
	partition int
	codecs    *codecs
	names     map[string]string // header names seen, so that they are not allocated again
	table     *crc32.Table
}

func newDecoder(topic string, partition int) *decoder {
	return &decoder{
		topic: topic, partition: partition,
		codecs: &codecs{}, names: make(map[string]string), table: crc32.MakeTable(crc32.Castagnoli),
	}
}

// recordSet returns the records of set at or after offset from, and the offset
// to fetch next. Control batches and the records of
// aborted transactions are passed over. A batch cut short at the end of set,
// as brokers send it, is left for the next fetch.
func (d *decoder) recordSet(set []byte, from int64, dropped []aborted) (dst []Record, next int64, err error) {
	sort.Slice(dropped, func(i, j int) bool { return dropped[i].first < dropped[j].first })
	open := map[int64]bool{} // producers inside an aborted transaction
	next = from
	for len(set) >= batchHeader {
		size := batchPrefix + int64(int32(binary.BigEndian.Uint32(set[batchLength:])))
		if size < batchHeader {
			return dst, next, fmt.Errorf("%w: length %d", errCorrupt, size)
		}
		if size > int64(len(set)) {
			break
		}
		b, err := d.parse(set[:size])
		if err != nil {
			return dst, next, err
		}
		set = set[size:]
		for len(dropped) > 0 && dropped[0].first <= b.last {
			open[dropped[0].producer] = true
			dropped = dropped[1:]
		}
		if dst, err = d.batch(dst, b, next, open); err != nil {
			return dst, next, fmt.Errorf("batch at offset %d: %w", b.base, err)
		}
		next = max(next, b.last+1)
	}
	return dst, next, nil
}

// batch is a record batch whose frame has been checked.
type batch struct {
	base, last int64
	attributes uint16
	firstTime  int64
	maxTime    int64
	producer   int64
	count      int
	body       []byte
}

func (d *decoder) parse(b []byte) (batch, error) {
	if b[batchMagic] != 2 {
		return batch{}, fmt.Errorf("record format %d is not supported; only version 2, of Kafka 0.11 and later, is", b[batchMagic])
	}
	if sum := crc32.Checksum(b[batchAttributes:], d.table); sum != binary.BigEndian.Uint32(b[batchCRC:]) {
		return batch{}, fmt.Errorf("%w: checksum", errCorrupt)
	}
	base := int64(binary.BigEndian.Uint64(b))
	p := batch{
		base:       base,
		last:       base + int64(int32(binary.BigEndian.Uint32(b[batchLastDelta:]))),
		attributes: binary.BigEndian.Uint16(b[batchAttributes:]),
		firstTime:  int64(binary.BigEndian.Uint64(b[batchFirstTime:])),
		maxTime:    int64(binary.BigEndian.Uint64(b[batchMaxTime:])),
		producer:   int64(binary.BigEndian.Uint64(b[batchProducer:])),
		count:      int(int32(binary.BigEndian.Uint32(b[batchCount:]))),
		body:       b[batchHeader:],
	}
	if p.last < p.base || p.count < 0 {
		return batch{}, fmt.Errorf("%w: offsets %d to %d, %d records", errCorrupt, p.base, p.last, p.count)
	}
	return p, nil
}

func (d *decoder) batch(dst []Record, b batch, from int64, open map[int64]bool) ([]Record, error) {
	codec, err := codecOf(b.attributes)
	if err != nil {
		return dst, err
	}
	body := b.body
	if codec != None {
		if body, err = d.codecs.inflate(codec, body); err != nil {
			return dst, err
		}
	}
	if b.attributes&attrControl != 0 {
		if typ, ok := controlType(body); ok && typ == abortMarker {
			delete(open, b.producer)
		}
		return dst, nil
	}
	if b.attributes&attrTxn != 0 && open[b.producer] {
		return dst, nil
	}
	if b.count > len(body)/minRecordBytes {
		return dst, fmt.Errorf("%w: %d records in %d bytes", errCorrupt, b.count, len(body))
	}
	return d.records(dst, b, body, from)
}

// controlType returns the type of the first control record of body.
func controlType(body []byte) (int, bool) {
	c := cursor{b: body}
	c.varint() // length
	c.skip(1)  // attributes
	c.varint()
	c.varint()
	key := c.bytes(c.varint())
	if c.bad || len(key) < 4 {
		return 0, false
	}
	return int(int16(binary.BigEndian.Uint16(key[2:]))), true
}

func (d *decoder) records(dst []Record, b batch, body []byte, from int64) ([]Record, error) {
	dst = slices.Grow(dst, b.count)
	var slab []Header // one allocation for the headers of many records
	c := cursor{b: body}
	for range b.count {
		var r Record
		slab = d.record(&c, &r, b, slab)
		if c.bad || r.Offset > b.last {
			return dst, fmt.Errorf("%w: record %d of %d", errCorrupt, len(dst), b.count)
		}
		if r.Offset >= from {
			dst = append(dst, r)
		}
	}
	return dst, nil
}

// record reads one record into r; its headers are cut from slab.
func (d *decoder) record(c *cursor, r *Record, b batch, slab []Header) []Header {
	end := c.varint()
	end += int64(c.off)
	c.skip(1) // attributes, unused
	at := b.firstTime + c.varint()
	if b.attributes&attrAppendTime != 0 {
		at = b.maxTime
	}
	r.Topic, r.Partition = d.topic, d.partition
	r.Offset = b.base + c.varint()
	r.Time = time.UnixMilli(at)
	r.Key = c.bytes(c.varint())
	r.Value = c.bytes(c.varint())
	slab = d.headers(c, r, b.count, slab)
	if int64(c.off) != end {
		c.bad = true
	}
	return slab
}

func (d *decoder) headers(c *cursor, r *Record, records int, slab []Header) []Header {
	n := c.varint()
	if n < 0 || n > int64(len(c.b)-c.off)/2 {
		c.bad = true
	}
	if c.bad || n == 0 {
		return slab
	}
	if int64(cap(slab)-len(slab)) < n {
		slab = make([]Header, 0, max(int(n), min(int(n)*records, 4096)))
	}
	first := len(slab)
	for range n {
		name := c.bytes(c.varint())
		slab = append(slab, Header{Key: d.name(name), Value: c.bytes(c.varint())})
	}
	r.Headers = slab[first:len(slab):len(slab)]
	return slab
}

// name returns b as a string that is shared between records.
func (d *decoder) name(b []byte) string {
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(d.names) < maxInternedNames {
		d.names[s] = s
	}
	return s
}

// cursor reads from b and turns bad, once and for all, at the first read that
// does not fit.
type cursor struct {
	b   []byte
	off int
	bad bool
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b[c.off:])
	if c.bad || n <= 0 {
		c.bad = true
		return 0
	}
	c.off += n
	return v
}

func (c *cursor) skip(n int) {
	if c.bad || len(c.b)-c.off < n {
		c.bad = true
		return
	}
	c.off += n
}

// bytes returns the next n bytes without copying; nil when n is negative,
// which is how the format writes null.
func (c *cursor) bytes(n int64) []byte {
	if c.bad || n < 0 {
		return nil
	}
	if n > int64(len(c.b)-c.off) {
		c.bad = true
		return nil
	}
	s := c.b[c.off : c.off+int(n) : c.off+int(n)]
	c.off += int(n)
	return s
}
