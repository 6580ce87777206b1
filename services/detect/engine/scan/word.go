package scan

import (
	"encoding/binary"
	"math/bits"
)

// headsOf returns the heads of key.
func headsOf(key []byte) heads {
	var b [16]byte
	copy(b[:], key)
	return heads{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
}

// headsAt returns the heads of the key b[i:i+n].
func headsAt(w *[16]byte, n int) heads {
	short := uint(min(n, 8) * 8)
	long := uint(max(n, 8)*8 - 64)
	return heads{
		binary.BigEndian.Uint64(w[:]) &^ (^uint64(0) >> short),
		binary.BigEndian.Uint64(w[8:]) &^ (^uint64(0) >> long),
	}
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

// brackets has the seventh bit of each bracket of w, which is text outside of
// strings: nothing else there has the bits of 0x58.
func brackets(w uint64) uint64 { return w & (w << 2) & (w << 3) & (ones << 6) }

// numberEnd returns where the number at i ends.
func numberEnd(b []byte, i int) int {
	for ; i < len(b); i += 8 {
		w := wordAt(b, i)
		blank := (w - ones*('!')) &^ w & highs // of the first byte below
		if ends := zeros(w^ones*',') | brackets(w)<<1 | blank; ends != 0 {
			return min(i+bits.TrailingZeros64(ends)/8, len(b))
		}
	}
	return len(b)
}

// skip passes over b from i on until the depth, that of the brackets open at i,
// is zero, and returns the position behind. The next quote is at open.
func skip(b []byte, i, depth, open int, q quotes) (end, next int, rest quotes) {
	for {
		for to := min(open, len(b)); i < to; i += 8 {
			w := wordAt(b, i)
			t := brackets(w) & (1<<(uint(open-i)*8) - 1)
			for ; t != 0; t &= t - 1 {
				if t&-t&(w<<5) != 0 {
					depth++
					continue
				}
				if depth--; depth == 0 {
					return i + bits.TrailingZeros64(t)/8 + 1, open, q
				}
			}
		}
		if open >= len(b) {
			return len(b), open, q
		}
		q = q.ready(b)
		i = q.at()
		q = q.drop()
		i++
		q = q.ready(b)
		open = q.at()
		q = q.drop()
	}
}
