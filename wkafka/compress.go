package wkafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is a codec of record batches.
type Compression int8

// The codecs of Kafka. LZ4, the zero value, is the best trade for JSON records.
const (
	LZ4 Compression = iota
	None
	Gzip
	Snappy
	Zstd
)

// onWire is c's number in the attributes of a batch.
func (c Compression) onWire() uint16 {
	switch c {
	case Gzip:
		return 1
	case Snappy:
		return 2
	case LZ4:
		return 3
	case Zstd:
		return 4
	default:
		return 0
	}
}

// codecOf returns the codec that the attributes of a batch name.
func codecOf(attributes uint16) (Compression, error) {
	n := attributes & attrCodec
	for _, c := range [...]Compression{None, Gzip, Snappy, LZ4, Zstd} {
		if c.onWire() == n {
			return c, nil
		}
	}
	return None, fmt.Errorf("unknown codec %d", n)
}

// maxInflated bounds what one batch may grow to, against a batch made to
// exhaust memory. Kafka's own limit of a batch is 1 MiB by default.
const maxInflated = 256 << 20

// codecs holds coders that are costly to make. One belongs to one goroutine.
type codecs struct {
	lz4r  *lz4.Reader
	lz4w  *lz4.Writer
	zstdr *zstd.Decoder
	zstdw *zstd.Encoder
	ratio int // how much the last batch grew, rounded up; the guess for the next
}

func (c *codecs) inflate(codec Compression, src []byte) ([]byte, error) {
	switch codec {
	case Gzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return c.readBounded(r, len(src))
	case Snappy:
		return inflateSnappy(src)
	case LZ4:
		if c.lz4r == nil {
			c.lz4r = lz4.NewReader(nil)
		}
		c.lz4r.Reset(bytes.NewReader(src))
		return c.readBounded(c.lz4r, len(src))
	case Zstd:
		return c.inflateZstd(src)
	}
	return nil, fmt.Errorf("unknown codec %d", codec)
}

func (c *codecs) inflateZstd(src []byte) ([]byte, error) {
	if c.zstdr == nil {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxInflated))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		c.zstdr = r
	}
	dst, err := c.zstdr.DecodeAll(src, nil)
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return dst, nil
}

// readBounded reads r, which inflates size bytes, to its end.
func (c *codecs) readBounded(r io.Reader, size int) ([]byte, error) {
	guess := min(size*max(c.ratio, 3), 4<<20)
	buf := bytes.NewBuffer(make([]byte, 0, guess+2*bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(r, maxInflated+1))
	if err != nil {
		return nil, err
	}
	if n > maxInflated {
		return nil, errors.New("batch inflates to more than 256 MiB")
	}
	c.ratio = buf.Len()/max(size, 1) + 1
	return buf.Bytes(), nil
}

// xerial is the framing that Java clients put around snappy blocks: this
// magic, two versions of four bytes, then blocks with their length in front.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = len(xerialMagic) + 8
)

func inflateSnappy(src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, []byte(xerialMagic)) {
		return inflateBlock(nil, src)
	}
	if len(src) < xerialHeader {
		return nil, errors.New("snappy: header cut short")
	}
	var dst []byte
	for src = src[xerialHeader:]; len(src) > 0; {
		if len(src) < 4 {
			return nil, errors.New("snappy: block cut short")
		}
		n := binary.BigEndian.Uint32(src)
		if src = src[4:]; uint64(n) > uint64(len(src)) {
			return nil, errors.New("snappy: block cut short")
		}
		var err error
		if dst, err = inflateBlock(dst, src[:n]); err != nil {
			return nil, err
		}
		src = src[n:]
	}
	return dst, nil
}

func inflateBlock(dst, block []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	if n > maxInflated-len(dst) {
		return nil, errors.New("snappy: batch inflates to more than 256 MiB")
	}
	out, err := snappy.Decode(nil, block)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	if dst == nil {
		return out, nil
	}
	return append(dst, out...), nil
}

// deflate appends src, compressed, to dst.
func (c *codecs) deflate(codec Compression, dst, src []byte) ([]byte, error) {
	switch codec {
	case Gzip:
		buf := bytes.NewBuffer(dst)
		w := gzip.NewWriter(buf)
		return finish(buf, w, src)
	case Snappy:
		return append(dst, snappy.Encode(nil, src)...), nil
	case LZ4:
		buf := bytes.NewBuffer(dst)
		if err := c.resetLZ4(buf); err != nil {
			return nil, fmt.Errorf("lz4: %w", err)
		}
		return finish(buf, c.lz4w, src)
	case Zstd:
		if c.zstdw == nil {
			w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
			if err != nil {
				return nil, fmt.Errorf("zstd: %w", err)
			}
			c.zstdw = w
		}
		return c.zstdw.EncodeAll(src, dst), nil
	}
	return nil, fmt.Errorf("unknown codec %d", codec)
}

func (c *codecs) resetLZ4(w io.Writer) error {
	if c.lz4w != nil {
		c.lz4w.Reset(w)
		return nil
	}
	c.lz4w = lz4.NewWriter(w)
	// As Kafka's own clients: independent 64 KiB blocks, no checksum of the
	// content, since the batch has one.
	return c.lz4w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1))
}

func finish(buf *bytes.Buffer, w io.WriteCloser, src []byte) ([]byte, error) {
	if _, err := w.Write(src); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
