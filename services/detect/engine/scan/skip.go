package scan

import (
	"bytes"
	"math/bits"
)

// stringEnd returns the position of the quote that ends the string which begins
// at i, or len(b). A quote that follows an odd number of backslashes does not.
func stringEnd(b []byte, i int) int {
	for end := i; ; end++ {
		n := bytes.IndexByte(b[end:], '"')
		if n < 0 {
			return len(b)
		}
		end += n
		start := end
		for start > i && b[start-1] == '\\' {
			start--
		}
		if (end-start)%2 == 0 {
			return end
		}
	}
}

// numberEnds has the highest bit of the first byte of w that ends a number, and
// perhaps of bytes behind it.
func numberEnds(w uint64) uint64 { return zeros(w^commas) | brackets(w)<<7 }

// numberEnd returns the position of the comma or bracket behind the number at
// i, or len(b).
func numberEnd(b []byte, i int) int {
	for ; i < len(b); i += 8 {
		w := wordAt(b, i)
		if ends := numberEnds(w); ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	return len(b)
}

// skipPlain passes over b, which has no backslash, from i on, which is outside
// of strings, until depth, the number of brackets open there, is zero. It
// returns the position behind, or len(b). It looks at eight bytes at a time,
// wherever strings begin and end in them: a bracket behind an odd number of
// quotes is text.
func skipPlain(b []byte, i, depth int) int {
	var before uint64 // has the parity of the quotes before i
	for ; i < len(b); i += 8 {
		w := wordAt(b, i)
		others := unequal(w, quotes)
		if found := brackets(w); found != 0 {
			parity := uint64(bits.OnesCount64(before)) & 1
			inside := (^others&highs>>7)*ones ^ parity*ones // the product counts the quotes up to each byte
			for found &^= inside; found != 0; found &= found - 1 {
				if found&-found&(w>>1) != 0 { // opens: [ and { have this bit, ] and } do not
					depth++
				} else if depth--; depth == 0 {
					return i + bits.TrailingZeros64(found)/8 + 1
				}
			}
		}
		before ^= others & highs // of no quote all eight: that is even
	}
	return len(b)
}

// skipEscaped is skipPlain of any body, string by string.
func skipEscaped(b []byte, i, depth int) int {
	for i < len(b) {
		w := wordAt(b, i)
		found := zeros(w^quotes) | brackets(w)<<7
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		switch b[i] {
		case '"':
			i = stringEnd(b, i+1)
		case '{', '[':
			depth++
		default:
			depth--
		}
		if i++; depth == 0 {
			return i
		}
	}
	return len(b)
}
