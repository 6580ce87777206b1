package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones

	quotes = '"' * ones
	commas = ',' * ones
)

// width of a window in bytes, which is what one look at the body takes in.
const width = 16

// window is a piece of the body, the first byte lowest.
type window struct{ a, b uint64 }

func windowOf(b *[width]byte) window {
	return window{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}
}

// is reports whether w begins with text, of which mask has the bits.
func (w window) is(text, mask window) bool {
	return (w.a^text.a)&mask.a|(w.b^text.b)&mask.b == 0
}

// quote is the number of bytes before the first quote, width or more if there
// is none. It has no branch to mispredict on strings of 7 or 8 bytes.
func (w window) quote() int {
	first, n := zeros(w.a^quotes), 0
	second := zeros(w.b ^ quotes)
	if first == 0 {
		first, n = second, 8
	}
	return n + bits.TrailingZeros64(first)/8
}

// heads returns the heads of the key of n bytes with which w begins.
func (w window) heads(n int) heads {
	short, long := min(n, 8), max(n, 8)-8
	return heads{
		bits.ReverseBytes64(w.a) &^ (^uint64(0) >> uint(short*8)),
		bits.ReverseBytes64(w.b) &^ (^uint64(0) >> uint(long*8)),
	}
}

// headsOf returns the heads of key.
func headsOf(key []byte) heads {
	var b [width]byte
	copy(b[:], key)
	return heads{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
}

// match returns with what a body continues where key begins, as far as it fits
// into a window. Nothing that matches is another key.
func match(key string) (text, mask window) {
	if bytes.IndexByte([]byte(key), '\\') >= 0 {
		return nothing() // what stands so in a body says something else
	}
	var t, m [width]byte
	n := copy(t[:], key+`":`)
	copy(m[:], bytes.Repeat([]byte{0xff}, n))
	return windowOf(&t), windowOf(&m)
}

// bounds returns between what the first eight bytes are, as a number ordered as
// text, where a body has key, which is one of those wanted. If they are less or
// more the body's key comes before or after: keys are ordered as they are with
// the quotes behind them, but for those with a byte less than a quote, for
// which it is never less nor more.
func bounds(wanted []*node, key string) (least, most uint64) {
	below := func(c rune) bool { return c < '"' }
	if slices.ContainsFunc(wanted, func(n *node) bool { return strings.ContainsFunc(n.key, below) }) {
		return 0, ^uint64(0)
	}
	var low, high [8]byte
	copy(low[:], key+`"`)
	n := copy(high[:], key+`"`)
	copy(high[n:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	return binary.BigEndian.Uint64(low[:]), binary.BigEndian.Uint64(high[:])
}

// nothing is what no UTF-8 begins with.
func nothing() (text, mask window) {
	all := window{^uint64(0), ^uint64(0)}
	return all, all
}

// wordAt returns b[i:i+8], zeros behind the end.
func wordAt(b []byte, i int) uint64 {
	if i <= len(b)-8 {
		return binary.LittleEndian.Uint64(b[i:])
	}
	var w [8]byte
	copy(w[:], b[i:])
	return binary.LittleEndian.Uint64(w[:])
}

// zeros has the highest bit of the first byte of w that is zero, and perhaps of
// bytes behind it.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// unequal has the highest bit of each byte of w that is not one of same, and
// other bits: a sum of seven bits has the eighth unless all were zero.
func unequal(w, same uint64) uint64 {
	w ^= same
	return (w&lows + lows) | w
}

// brackets has the lowest bit of each bracket of w, if w is text outside of
// strings: nothing else there has the bits of 0x58.
func brackets(w uint64) uint64 { return w >> 6 & (w >> 4) & (w >> 3) & ones }
