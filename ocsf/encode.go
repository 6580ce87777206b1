package ocsf

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// closeObject ends an object whose members were appended from n on, each with a
// comma before it: the first comma becomes the opening brace.
func closeObject(dst []byte, n int) []byte {
	if len(dst) == n {
		return append(dst, '{', '}')
	}
	dst[n] = '{'
	return append(dst, '}')
}

// closeArray is closeObject for arrays.
func closeArray(dst []byte, n int) []byte {
	if len(dst) == n {
		return append(dst, '[', ']')
	}
	dst[n] = '['
	return append(dst, ']')
}

func appendInt[T int | int64](dst []byte, v T) []byte { return strconv.AppendInt(dst, int64(v), 10) }

func appendBool(dst []byte, v bool) []byte { return strconv.AppendBool(dst, v) }

// appendFloat writes the shortest form that reads back as v, laid out as in
// ECMAScript, which RFC 8785 asks for. There is no encoding of NaN and
// infinities in JSON; they become null.
func appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	if v == 0 {
		return append(dst, '0') // also for -0
	}
	abs := math.Abs(v)
	if abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	return trimExponent(strconv.AppendFloat(dst, v, 'e', -1, 64))
}

// trimExponent turns e-09 into e-9.
func trimExponent(b []byte) []byte {
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		return b[:n-1]
	}
	return b
}

// appendString writes s with as few escapes as JSON allows. Bytes that are no
// UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n, ascii := plainEnd(bytesOf(s), 0)
		if plain := s[:n]; ascii || utf8.ValidString(plain) {
			dst = append(dst, plain...)
		} else {
			dst = append(dst, strings.ToValidUTF8(plain, "\ufffd")...)
		}
		if n == len(s) {
			return append(dst, '"')
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
}

func appendStrings(dst []byte, list []string) []byte {
	n := len(dst)
	for _, s := range list {
		dst = appendString(append(dst, ','), s)
	}
	return closeArray(dst, n)
}

func appendInts(dst []byte, list []int) []byte {
	n := len(dst)
	for _, v := range list {
		dst = appendInt(append(dst, ','), v)
	}
	return closeArray(dst, n)
}

// appender is what every generated struct is.
type appender[T any] interface {
	*T
	AppendJSON(dst []byte) []byte
}

func appendObjects[T any, P appender[T]](dst []byte, list []T) []byte {
	n := len(dst)
	for i := range list {
		dst = P(&list[i]).AppendJSON(append(dst, ','))
	}
	return closeArray(dst, n)
}
