package engine

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
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

// Forms of an id.
const (
	idText = iota
	idUUID // its 16 bytes
)

// id writes s, in half the space when it is a UUID as cordon writes them.
func (w *stateWriter) id(s string) {
	b, ok := packUUID(s)
	if !ok {
		w.count(idText)
		w.text(s)
		return
	}
	w.count(idUUID)
	w.buf = append(w.buf, b[:]...)
	w.room()
}

// packUUID returns the bytes of s if s is their only form.
func packUUID(s string) (b [16]byte, ok bool) {
	if len(s) != 36 {
		return b, false
	}
	digits := make([]byte, 0, 32)
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || 'A' <= s[i] && s[i] <= 'F' {
			return b, false
		}
		if !dash {
			digits = append(digits, s[i])
		}
	}
	_, err := hex.Decode(b[:], digits)
	return b, err == nil
}

func unpackUUID(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
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

func (r *stateReader) id() string {
	if r.count(idUUID) == idText {
		return r.text()
	}
	var b [16]byte
	r.bytes(b[:])
	return unpackUUID(b)
}
