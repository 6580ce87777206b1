package engine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// stateWriter writes the parts of a state. The first error stays, and nothing
// is written after it.
type stateWriter struct {
	to     io.Writer
	buf    []byte
	values []lastValue // scratch for what is sorted
	err    error
}

const flushAt = 64 << 10

func (w *stateWriter) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.to.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *stateWriter) room() {
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *stateWriter) number(n int64) { w.buf = binary.AppendVarint(w.buf, n) }

func (w *stateWriter) count(n int) { w.buf = binary.AppendUvarint(w.buf, uint64(n)) }

// float writes the bits of f in an order that makes round numbers short.
func (w *stateWriter) float(f float64) {
	w.buf = binary.AppendUvarint(w.buf, bits.ReverseBytes64(math.Float64bits(f)))
}

func (w *stateWriter) bool(b bool) {
	n := 0
	if b {
		n = 1
	}
	w.count(n)
}

func (w *stateWriter) text(s string) {
	w.count(len(s))
	w.buf = append(w.buf, s...)
	w.room()
}

// short writes the bytes of an id.
func (w *stateWriter) short(id shortID) {
	w.buf = append(w.buf, id[:]...)
	w.room()
}

// packUUID returns the bytes of s if s is their only form.
func packUUID(s string) (b [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '-' && (i == 8 || i == 13 || i == 18 || i == 23) {
			continue
		}
		digit, ok := nibble(s[i])
		if !ok {
			return b, false
		}
		b[n/2] = b[n/2]<<4 | digit
		n++
	}
	return b, true
}

// nibble is the value of a hexadecimal digit in lower case.
func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// stateReader reads what a stateWriter wrote. The first error stays; what is
// read after it is zero.
type stateReader struct {
	from *bufio.Reader
	err  error
}

func newStateReader(from io.Reader) *stateReader {
	return &stateReader{from: bufio.NewReaderSize(from, flushAt)}
}

// longestText bounds what a length that is not a length can allocate. Keys and
// values come from events, which are smaller.
const longestText = 1 << 20

var errState = errors.New("not a state of this engine")

func (r *stateReader) fail(err error) {
	if r.err != nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.err = err
}

func (r *stateReader) number() int64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(r.from)
	if err != nil {
		r.fail(err)
		return 0
	}
	return n
}

func (r *stateReader) unsigned() uint64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(r.from)
	if err != nil {
		r.fail(err)
		return 0
	}
	return n
}

// count reads a number that may be most at the most.
func (r *stateReader) count(most int) int {
	n := r.unsigned()
	if n > uint64(most) {
		r.fail(fmt.Errorf("%w: a count of %d where %d are the most", errState, n, most))
		return 0
	}
	return int(n)
}

func (r *stateReader) float() float64 {
	return math.Float64frombits(bits.ReverseBytes64(r.unsigned()))
}

func (r *stateReader) bool() bool { return r.count(1) == 1 }

func (r *stateReader) text() string {
	b := make([]byte, r.count(longestText))
	r.bytes(b)
	return string(b)
}

func (r *stateReader) bytes(b []byte) {
	if r.err != nil {
		return
	}
	if _, err := io.ReadFull(r.from, b); err != nil {
		r.fail(err)
		clear(b)
	}
}

func (r *stateReader) short() (id shortID) {
	r.bytes(id[:])
	return id
}
