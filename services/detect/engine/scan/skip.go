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

// skipPlain passes over b, which has no backslash, from i on, outside of strings, until depth, the
// number of brackets open at i, is zero, and returns the position behind, or
// len(b). It looks at eight bytes at a time, wherever strings begin and end in
// them: the product counts the quotes up to each byte; behind an odd number of
// them a bracket is text.
func skipPlain(b []byte, i, depth int) int {
	var inside uint64 // ones if the last byte was in a string
	for ; i < len(b); i += 8 {
		w := wordAt(b, i)
		strings := equal(w, quotes)*ones ^ inside
		inside = strings >> 56 & 1 * ones
		found := brackets(w) &^ strings
		for ; found != 0; found &= found - 1 {
			if found&-found&(w>>1) != 0 { // opens: [ and { have this bit, ] and } do not
				depth++
			} else if depth--; depth == 0 {
				return i + bits.TrailingZeros64(found)/8 + 1
			}
		}
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
