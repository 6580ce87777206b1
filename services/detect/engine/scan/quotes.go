package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones

	block = 64 // bytes whose quotes are the bits of a word
)

// quotes yields the positions of the quotes of a body that begin and end
// strings, from the left. It is small and passed around by value, so that it
// stays in registers.
type quotes struct {
	bits   uint64 // quotes from base on that were not yielded yet
	base   int
	escape escape
}

// escape is what must be known of the backslashes before a block.
type escape uint8

const (
	noEscapes escape = iota // the body has no backslash
	unescaped               // the block's first byte stands for itself
	escaped                 // a backslash stands before it
)

// quotesOf is before the first quote of body.
func quotesOf(body []byte) quotes {
	q := quotes{base: -block}
	if bytes.IndexByte(body, '\\') >= 0 {
		q.escape = unescaped
	}
	return q
}

// ready returns q with a quote to yield.
func (q quotes) ready(b []byte) quotes {
	if q.bits == 0 {
		q = q.refill(b)
	}
	return q
}

// at is the position of the quote that q, which is ready, yields.
func (q quotes) at() int { return q.base + bits.TrailingZeros64(q.bits) }

// drop is behind the quote that q yields.
func (q quotes) drop() quotes {
	q.bits &= q.bits - 1
	return q
}

// refill moves q to the next block of b with quotes. Behind the last one it
// yields positions that are not in b.
func (q quotes) refill(b []byte) quotes {
	for q.base += block; q.base <= len(b)-block; q.base += block {
		if q = q.read((*[block]byte)(b[q.base:])); q.bits != 0 {
			return q
		}
	}
	if uint(q.base) < uint(len(b)) {
		var last [block]byte
		copy(last[:], b[q.base:])
		if q = q.read(&last); q.bits != 0 {
			return q
		}
	}
	q.base = max(q.base, len(b))
	q.bits = ^uint64(0)
	return q
}

// read takes the quotes of block b.
func (q quotes) read(b *[block]byte) quotes {
	q.bits = equal(b, '"')
	if q.escape != noEscapes {
		q = q.unescape(equal(b, '\\'))
	}
	return q
}

// equal has a bit for each byte of b that is c.
func equal(b *[block]byte, c uint64) uint64 {
	c *= ones
	return ^(unequal(b, 0, c) | unequal(b, 8, c) | unequal(b, 16, c) | unequal(b, 24, c) |
		unequal(b, 32, c) | unequal(b, 40, c) | unequal(b, 48, c) | unequal(b, 56, c))
}

// unequal has a bit for each byte of b from i on that is not that of c. A sum of seven bits has the
// eighth unless all were zero; the product moves the eighth bits of a word,
// which are seven apart from where they belong, next to each other.
func unequal(b *[block]byte, i int, c uint64) uint64 {
	x := binary.LittleEndian.Uint64(b[i:]) ^ c
	x = (x&lows + lows) | x
	return (x & highs * 0x0002040810204081) >> 56 << i
}

// unescape drops the quotes that a backslash stands before, which are no
// quotes. Of a run of backslashes every second one stands for itself; the sum
// carries from the start of a run to behind its end (Langdale, Lemire: Parsing
// Gigabytes of JSON per Second, 2019).
func (q quotes) unescape(backslashes uint64) quotes {
	const even = 0x5555555555555555
	before := uint64(q.escape - unescaped)
	if backslashes == 0 {
		q.escape = unescaped
		q.bits &^= before
		return q
	}
	backslashes &^= before
	follows := backslashes<<1 | before
	odd := backslashes &^ even &^ follows
	runs, carry := bits.Add64(odd, backslashes, 0)
	q.escape = unescaped + escape(carry)
	q.bits &^= (even ^ runs<<1) & follows
	return q
}
