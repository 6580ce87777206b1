package field

import (
	"strings"
	"unicode/utf8"
)

// Columns is how the columns of a tab-separated log are written. [Zeek's
// writer] says it at the top of the file.
//
// [Zeek's writer]: https://docs.zeek.org/en/master/scripts/base/frameworks/logging/writers/ascii.zeek.html
type Columns struct {
	Separator string // between columns
	Set       string // between the elements of a set or vector
	Empty     string // a set, vector or text without content
	Unset     string // a field that is not there
}

// text undoes what the writer did to a column.
func (c *Columns) text(s string) string {
	if s == c.Empty {
		return ""
	}
	return Unescape(s)
}

func (c *Columns) elements(s string, yield func(Value) bool) {
	if s == c.Empty || s == "" {
		return
	}
	for e := range strings.SplitSeq(s, c.Set) {
		if e != c.Unset && !yield(Column(e, c)) {
			return
		}
	}
}

// Unescape turns \xHH into the byte and \\ into one backslash. Zeek escapes
// what is not printable ASCII, and separators inside of text. Bytes that are
// not UTF-8 stay escaped, as they do in Zeek's JSON.
func Unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		c, n := first(s)
		b = append(b, c)
		s = s[n:]
	}
	if utf8.Valid(b) {
		return string(b)
	}
	return escapeInvalid(b)
}

// first is the byte that s begins with and how many bytes of s it takes.
func first(s string) (c byte, n int) {
	if strings.HasPrefix(s, `\\`) {
		return '\\', 2
	}
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return s[0], 1
	}
	hi, ok := digit(s[2])
	lo, ok2 := digit(s[3])
	if !ok || !ok2 {
		return s[0], 1
	}
	return hi<<4 | lo, 4
}

func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func escapeInvalid(b []byte) string {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			out = append(out, '\\', 'x', hex[b[0]>>4], hex[b[0]&15])
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return string(out)
}
