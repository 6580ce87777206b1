package wkafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/protocol"
)

var codecNames = map[Compression]string{None: "none", Gzip: "gzip", Snappy: "snappy", LZ4: "lz4", Zstd: "zstd"}

// sample returns n records with keys, null values and repeated headers among
// them, at offsets 0 to n-1.
func sample(n int) []Record {
	recs := make([]Record, n)
	for i := range recs {
		r := Record{
			Topic: "events", Partition: 3, Offset: int64(i), Time: time.UnixMilli(1_700_000_000_000 + int64(i*7%13)),
			Key: fmt.Appendf(nil, "device-%d", i%5), Value: fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, i, strings.Repeat("x", i%50)),
		}
		switch i % 4 {
		case 0:
			r.Value = nil
		case 1:
			r.Headers = []Header{{"ce_id", fmt.Appendf(nil, "id-%d", i)}, {"tag", []byte("a")}, {"tag", []byte("b")}}
		case 2:
			r.Key = nil
			r.Headers = []Header{{"null", nil}}
		}
		recs[i] = r
	}
	return recs
}

func partOf(recs []Record) part {
	c := &call{recs: recs, now: noTime, done: make([]Appended, len(recs))}
	c.split([]*lane{nil}, 0, 1<<30)
	return c.jobs[0].all()
}

// encodeBatch returns one batch of recs whose first offset is base.
func encodeBatch(t testing.TB, codec Compression, recs []Record, base int64) []byte {
	t.Helper()
	b, err := newEncoder(codec, 0).batch([]part{partOf(recs)}, producer{id: 7, epoch: 1, next: 9})
	if err != nil {
		t.Fatalf("batch(%s): %v", codecNames[codec], err)
	}
	binary.BigEndian.PutUint64(b, uint64(base))
	return bytes.Clone(b)
}

// TestCompressionOnWire looks at the numbers that other clients read.
func TestCompressionOnWire(t *testing.T) {
	large := []Record{{Value: bytes.Repeat([]byte("abc"), 500)}}
	for codec, want := range map[Compression]uint16{
		PublisherConfig{}.Compression: 3, None: 0, Gzip: 1, Snappy: 2, Zstd: 4,
	} {
		b := encodeBatch(t, codec, large, 0)
		if got := binary.BigEndian.Uint16(b[batchAttributes:]); got != want {
			t.Errorf("attributes of a batch in %s = %d; want %d", codecNames[codec], got, want)
		}
	}
	if _, err := codecOf(5); err == nil {
		t.Error("codecOf(5) = nil error; want one")
	}
	if _, err := (PublisherConfig{Config: Config{Brokers: []string{"b:9092"}}, Compression: Zstd + 1}).withDefaults(); err == nil {
		t.Errorf("a publisher takes compression %d; want an error", Zstd+1)
	}
}

// restamp changes attributes and producer of a batch and signs it anew.
func restamp(b []byte, set uint16, producer int64) []byte {
	be := binary.BigEndian
	be.PutUint16(b[batchAttributes:], be.Uint16(b[batchAttributes:])|set)
	be.PutUint64(b[batchProducer:], uint64(producer))
	be.PutUint32(b[batchCRC:], crc32.Checksum(b[batchAttributes:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func TestRoundTrip(t *testing.T) {
	for codec, codecName := range codecNames {
		for _, n := range []int{1, 2, 1000} {
			t.Run(fmt.Sprintf("%s/%d", codecName, n), func(t *testing.T) {
				want := sample(n)
				got, next, err := newDecoder("events", 3).recordSet(encodeBatch(t, codec, want, 0), 0, nil)
				if err != nil || next != int64(n) {
					t.Fatalf("recordSet(...) = next %d, %v; want %d, nil", next, err, n)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("records differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestDecodeForeign reads batches that kafka-go's encoder made.
func TestDecodeForeign(t *testing.T) {
	for codec, codecName := range codecNames {
		t.Run(codecName, func(t *testing.T) {
			want := sample(100)
			var recs []protocol.Record
			for _, r := range want {
				recs = append(recs, foreign(r))
			}
			set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec), Records: protocol.NewRecordReader(recs...)}
			var b bytes.Buffer
			if _, err := set.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			got, _, err := newDecoder("events", 3).recordSet(b.Bytes()[4:], 0, nil)
			if err != nil {
				t.Fatalf("recordSet(...): %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("records differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEncodeForeign has kafka-go's decoder read our batches.
func TestEncodeForeign(t *testing.T) {
	for codec, codecName := range codecNames {
		t.Run(codecName, func(t *testing.T) {
			want := sample(100)
			b := encodeBatch(t, codec, want, 0)
			var set protocol.RecordSet
			if _, err := set.ReadFrom(bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))); err != nil {
				t.Fatalf("ReadFrom(...): %v", err)
			}
			for i := range want {
				got, err := set.Records.ReadRecord()
				if err != nil {
					t.Fatalf("record %d: %v", i, err)
				}
				value, err := protocol.ReadAll(got.Value)
				if err != nil {
					t.Fatalf("record %d: %v", i, err)
				}
				if !bytes.Equal(value, want[i].Value) || len(got.Headers) != len(want[i].Headers) || !got.Time.Equal(want[i].Time) {
					t.Errorf("record %d = %q, %v, %v; want %q, %v, %v", i, value, got.Headers, got.Time, want[i].Value, want[i].Headers, want[i].Time)
				}
			}
		})
	}
}

func foreign(r Record) protocol.Record {
	out := protocol.Record{Offset: r.Offset, Time: r.Time}
	if r.Key != nil {
		out.Key = protocol.NewBytes(r.Key)
	}
	if r.Value != nil {
		out.Value = protocol.NewBytes(r.Value)
	}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, protocol.Header{Key: h.Key, Value: h.Value})
	}
	return out
}

func offsets(recs []Record) []int64 {
	var out []int64
	for _, r := range recs {
		out = append(out, r.Offset)
	}
	return out
}

func TestRecordSetPositions(t *testing.T) {
	three := func(base int64) []byte { return encodeBatch(t, None, sample(3), base) }
	control := func(base, producer int64, typ byte) []byte {
		marker := []Record{{Key: []byte{0, 0, 0, typ}, Value: []byte{0, 0, 0, 0, 0, 0}}}
		return restamp(encodeBatch(t, None, marker, base), attrTxn|attrControl, producer)
	}
	txn := func(base, producer int64) []byte { return restamp(three(base), attrTxn, producer) }
	const abort, commit = 0, 1
	tests := []struct {
		name    string
		set     [][]byte
		from    int64
		aborted []aborted
		want    []int64
		next    int64
	}{
		{name: "two batches", set: [][]byte{three(0), three(3)}, want: []int64{0, 1, 2, 3, 4, 5}, next: 6},
		{name: "from inside a batch", set: [][]byte{three(0), three(3)}, from: 4, want: []int64{4, 5}, next: 6},
		{name: "gap of compaction", set: [][]byte{three(0), three(10)}, want: []int64{0, 1, 2, 10, 11, 12}, next: 13},
		{name: "cut short", set: [][]byte{three(0), three(3)[:70]}, want: []int64{0, 1, 2}, next: 3},
		{name: "cut in the header", set: [][]byte{three(0), three(3)[:20]}, want: []int64{0, 1, 2}, next: 3},
		{name: "nothing", next: 0},
		{name: "control batch at the end", set: [][]byte{three(0), control(3, 7, commit)}, want: []int64{0, 1, 2}, next: 4},
		{name: "committed transaction", set: [][]byte{txn(0, 7), control(3, 7, commit)}, want: []int64{0, 1, 2}, next: 4},
		{
			name: "aborted transaction", set: [][]byte{txn(0, 7), control(3, 7, abort), three(4)},
			aborted: []aborted{{7, 0}}, want: []int64{4, 5, 6}, next: 7,
		},
		{
			name: "aborted, then committed by the same producer",
			set:  [][]byte{txn(0, 7), control(3, 7, abort), txn(4, 7), control(7, 7, commit)},
			// brokers may list them unsorted
			aborted: []aborted{{7, 0}}, want: []int64{4, 5, 6}, next: 8,
		},
		{
			name:    "interleaved, listed out of order",
			set:     [][]byte{txn(0, 7), txn(3, 8), control(6, 8, abort), control(7, 7, commit), txn(8, 7), control(11, 7, abort)},
			aborted: []aborted{{7, 8}, {8, 3}}, want: []int64{0, 1, 2}, next: 12,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			recs, next, err := newDecoder("events", 3).recordSet(bytes.Join(tt.set, nil), tt.from, tt.aborted)
			if err != nil {
				t.Fatalf("recordSet(...): %v", err)
			}
			if diff := cmp.Diff(tt.want, offsets(recs)); diff != "" || next != tt.next {
				t.Errorf("recordSet(...) = %v, next %d; want %v, %d", offsets(recs), next, tt.want, tt.next)
			}
		})
	}
}

// TestManySmallBatches decodes a megabyte of batches of one record each, which
// must not cost more than in proportion.
func TestManySmallBatches(t *testing.T) {
	const batches = 4000
	one := []Record{{Value: make([]byte, 100)}}
	var set []byte
	for i := range batches {
		set = append(set, encodeBatch(t, None, one, int64(i))...)
	}
	d := newDecoder("t", 0)
	allocs := testing.AllocsPerRun(1, func() {
		recs, next, err := d.recordSet(set, 0, nil)
		if err != nil || len(recs) != batches || next != batches {
			t.Fatalf("recordSet of %d batches = %d records, next %d, %v", batches, len(recs), next, err)
		}
	})
	if allocs > 100 {
		t.Errorf("%d batches took %.0f allocations; want some dozens", batches, allocs)
	}
}

func TestRecordSetCorrupt(t *testing.T) {
	good := encodeBatch(t, None, sample(3), 0)
	tests := []struct {
		name   string
		damage func([]byte)
		want   string
	}{
		{"flipped bit", func(b []byte) { b[len(b)-1] ^= 1 }, "checksum"},
		{"old format", func(b []byte) { b[batchMagic] = 1 }, "record format 1"},
		{"negative length", func(b []byte) { binary.BigEndian.PutUint32(b[batchLength:], 0x80000000) }, "length"},
		{"more records than bytes", func(b []byte) {
			binary.BigEndian.PutUint32(b[batchCount:], 1<<30)
			restamp(b, 0, 7)
		}, "records in"},
		{"unknown codec", func(b []byte) { restamp(b, 7, 7) }, "unknown codec"},
		{"last offset before the first", func(b []byte) {
			binary.BigEndian.PutUint32(b[batchLastDelta:], 0xffffffff)
			restamp(b, 0, 7)
		}, "offsets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Clone(good)
			tt.damage(b)
			_, next, err := newDecoder("events", 3).recordSet(b, 0, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || next != 0 {
				t.Errorf("recordSet(%s) = next %d, %v; want 0, an error about %q", tt.name, next, err, tt.want)
			}
		})
	}
}

func TestInflateBounds(t *testing.T) {
	var c codecs
	huge, err := c.deflate(Zstd, nil, make([]byte, maxInflated+1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.inflate(Zstd, huge); err == nil {
		t.Errorf("inflate(%d bytes of zstd) = nil error; want a bound of %d", len(huge), maxInflated)
	}
	if _, err := c.inflate(Snappy, []byte(xerialMagic)); err == nil {
		t.Error("inflate(xerial header alone) = nil error; want one")
	}
}

func TestXerialSnappy(t *testing.T) {
	var c codecs
	one, _ := c.deflate(Snappy, nil, []byte("hello "))
	two, _ := c.deflate(Snappy, nil, []byte("world"))
	b := append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	for _, block := range [][]byte{one, two} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(block)))
		b = append(b, block...)
	}
	got, err := c.inflate(Snappy, b)
	if err != nil || string(got) != "hello world" {
		t.Errorf("inflate(xerial) = %q, %v; want %q", got, err, "hello world")
	}
}

func TestSequenceWraps(t *testing.T) {
	p := producer{next: 1<<31 - 2}
	p.advance(5)
	if p.next != 3 {
		t.Errorf("sequence after 2^31-2 and 5 records = %d; want 3", p.next)
	}
}

// FuzzRecordSet feeds the decoder batches that were damaged and then signed, so
// that the checksum does not hide what is behind it.
func FuzzRecordSet(f *testing.F) {
	for codec := range codecNames {
		f.Add(encodeBatch(f, codec, sample(20), 5), int64(0), true)
	}
	f.Add(bytes.Repeat([]byte{0xff}, 200), int64(3), false)
	f.Fuzz(func(t *testing.T, set []byte, from int64, sign bool) {
		if sign && len(set) >= batchHeader {
			binary.BigEndian.PutUint32(set[batchLength:], uint32(len(set)-batchPrefix))
			set[batchMagic] = 2
			restamp(set, 0, 7)
		}
		recs, next, err := newDecoder("t", 0).recordSet(set, from, []aborted{{7, 0}})
		if next < from {
			t.Errorf("recordSet(...) = next %d; want at least %d", next, from)
		}
		if err != nil && errors.Is(err, errCorrupt) && len(recs) > len(set) {
			t.Errorf("recordSet(...) = %d records of %d bytes", len(recs), len(set))
		}
		for _, r := range recs {
			if r.Offset < from {
				t.Errorf("recordSet(...) has offset %d; want at least %d", r.Offset, from)
			}
		}
	})
}

func FuzzInflate(f *testing.F) {
	var c codecs
	for codec := range codecNames {
		if codec != None {
			b, err := c.deflate(codec, nil, bytes.Repeat([]byte("abc"), 500))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(int8(codec), b)
		}
	}
	f.Fuzz(func(t *testing.T, codec int8, b []byte) {
		var c codecs
		if out, err := c.inflate(Compression(codec), b); err == nil && len(out) > maxInflated {
			t.Errorf("inflate(%d, ...) = %d bytes; want at most %d", codec, len(out), maxInflated)
		}
	})
}
