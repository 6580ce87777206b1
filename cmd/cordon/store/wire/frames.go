package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// Layout of a compressed frame's head: checksum (16), method (1), size with
// this head less the checksum (4), size of the content (4).
const (
	frameHead    = 25
	contentSize  = 21
	frameContent = 1 << 20 // most content per frame written
)

// FrameReader reads the content of compressed frames. The end is clean only
// between frames: a body cut inside one is io.ErrUnexpectedEOF, which must not
// be taken for the end of an insert.
type FrameReader struct {
	in   *bufio.Reader
	dec  *compress.Reader
	left int // content of the current frame not yet read
}

// NewFrameReader reads frames from r.
func NewFrameReader(r io.Reader) *FrameReader {
	in := bufio.NewReader(r)
	return &FrameReader{in: in, dec: compress.NewReader(in)}
}

// Read reads content.
func (f *FrameReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for f.left == 0 {
		head, err := f.in.Peek(frameHead)
		if errors.Is(err, io.EOF) && len(head) > 0 {
			return 0, fmt.Errorf("compressed body: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return 0, err
		}
		if f.left = int(binary.LittleEndian.Uint32(head[contentSize:])); f.left == 0 {
			return 0, errors.New("compressed body: empty frame")
		}
	}
	n, err := f.dec.Read(p[:min(len(p), f.left)])
	f.left -= n
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return n, fmt.Errorf("compressed body: %w", err)
	}
	return n, nil
}

// FrameWriter writes what it is given as compressed frames.
type FrameWriter struct {
	out io.Writer
	enc *compress.Writer
}

// NewFrameWriter compresses by the method that the client asks for in
// network_compression_method; LZ4 is the protocol's default.
func NewFrameWriter(w io.Writer, method string) *FrameWriter {
	m := compress.LZ4
	if strings.EqualFold(method, "ZSTD") {
		m = compress.ZSTD
	}
	return &FrameWriter{out: w, enc: compress.NewWriter(compress.LevelZero, m)}
}

// Write compresses p as frames of at most 1 MiB of content each.
func (f *FrameWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), frameContent)
		if err := f.enc.Compress(p[:n]); err != nil {
			return written, fmt.Errorf("compress result: %w", err)
		}
		if _, err := f.out.Write(f.enc.Data); err != nil {
			return written, err
		}
		written += n
		p = p[n:]
	}
	return written, nil
}

// Close does nothing: every Write ends with a whole frame.
func (f *FrameWriter) Close() error { return nil }
