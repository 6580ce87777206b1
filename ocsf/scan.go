package ocsf

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON tokens. The first fault ends it: err is set and the input
// counts as read, so that callers need not look after every step.
type scanner struct {
	in     []byte
	pos    int
	err    *Error
	steps  [MaxDepth + 2]step // the way to the present value
	depth  int                // steps in use
	fields int
	text   []byte // texts that had escapes, unescaped
}

func (s *scanner) start(in []byte) {
	s.in, s.pos, s.err, s.depth, s.fields = in, 0, nil, 0, 0
	s.text = s.text[:0]
}

// fail keeps the first fault and stops the scan.
func (s *scanner) fail(code Code, offset int, detail string) {
	if s.err == nil {
		s.err = &Error{Code: code, Path: pathOf(s.steps[:s.depth], true), Detail: detail, Offset: offset}
	}
	s.pos = len(s.in)
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.pos++
	}
	return 0
}

// unexpected reports the present byte where something else should be.
func (s *scanner) unexpected(want string) {
	if s.pos >= len(s.in) {
		s.fail(CodeSyntax, s.pos, "ends where "+want+" should be")
		return
	}
	s.fail(CodeSyntax, s.pos, "has "+strconv.QuoteToASCII(string(rune(s.in[s.pos])))+" where "+want+" should be")
}

// open enters an object or array that begins with c.
func (s *scanner) open() bool {
	if s.depth >= MaxDepth {
		s.fail(CodeDepth, s.pos, "more than "+strconv.Itoa(MaxDepth)+" levels")
		return false
	}
	s.pos++
	s.steps[s.depth] = step{index: -1}
	s.depth++
	return true
}

// close leaves what open entered.
func (s *scanner) close() {
	if s.err == nil {
		s.depth--
	}
}

// member moves to the value of the next key of an object and returns the key.
// It is false at the end of the object; first is true for its first key.
func (s *scanner) member(first bool) (key string, more bool) {
	c := s.peek()
	if c == '}' {
		s.pos++
		return "", false
	}
	if !first {
		if c != ',' {
			s.unexpected("a comma or }")
			return "", false
		}
		s.pos++
		c = s.peek()
	}
	if c != '"' {
		s.unexpected("a key")
		return "", false
	}
	if s.fields++; s.fields > MaxFields {
		s.fail(CodeFields, s.pos, "more than "+strconv.Itoa(MaxFields)+" fields")
		return "", false
	}
	s.steps[s.depth-1].key = ""
	key = s.str()
	s.steps[s.depth-1].key = key
	if s.peek() != ':' {
		if s.err == nil {
			s.unexpected("a colon")
		}
		return "", false
	}
	s.pos++
	return key, true
}

// element moves to the next value of an array; it is false at its end.
func (s *scanner) element() bool {
	at := &s.steps[s.depth-1]
	c := s.peek()
	if c == ']' {
		s.pos++
		return false
	}
	if at.index++; at.index > 0 {
		if c != ',' {
			s.unexpected("a comma or ]")
			return false
		}
		s.pos++
		c = s.peek()
	}
	if c == 0 && s.pos >= len(s.in) {
		s.unexpected("a value")
		return false
	}
	return true
}

// str reads a string whose quote is the present byte. The result aliases the
// input, or text if there were escapes.
func (s *scanner) str() string {
	start := s.pos + 1
	end, ascii := plainEnd(s.in, start)
	if end < len(s.in) && s.in[end] == '"' {
		s.pos = end + 1
		if ascii && end-start <= MaxString {
			return alias(s.in[start:end])
		}
		return s.checked(s.in[start:end], start)
	}
	return s.strSlow(start)
}

// strSlow reads on where str met an escape, a control byte or the end.
func (s *scanner) strSlow(start int) string {
	from, pos := len(s.text), start
	for {
		end, _ := plainEnd(s.in, pos)
		s.text = append(s.text, s.in[pos:end]...)
		if end >= len(s.in) {
			s.fail(CodeSyntax, end, "ends within a string")
			return ""
		}
		switch s.in[end] {
		case '"':
			s.pos = end + 1
			return s.checked(s.text[from:len(s.text):len(s.text)], start)
		case '\\':
			pos = s.escape(end)
			if s.err != nil {
				return ""
			}
		default:
			s.fail(CodeSyntax, end, "has a control character within a string")
			return ""
		}
	}
}

// checked is b as a string that aliases it, if it is short and valid.
func (s *scanner) checked(b []byte, offset int) string {
	if len(b) > MaxString {
		s.fail(CodeString, offset, "longer than "+strconv.Itoa(MaxString)+" bytes")
		return ""
	}
	if !utf8.Valid(b) {
		s.fail(CodeUTF8, offset, "is no UTF-8")
		return ""
	}
	return alias(b)
}

// plainEnd is the first place from pos on with a quote, backslash or control
// character. ascii is true only if all bytes before it are ASCII. It looks at
// eight bytes at a time.
func plainEnd(in []byte, pos int) (end int, ascii bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	var seen uint64
	for ; pos+8 <= len(in); pos += 8 {
		w := binary.LittleEndian.Uint64(in[pos:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		hit := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((w - ones*' ') &^ w)
		if hit &= highs; hit != 0 {
			n := bits.TrailingZeros64(hit) / 8
			seen |= w & (1<<(8*n) - 1)
			return pos + n, seen&highs == 0
		}
		seen |= w
	}
	for pos < len(in) && in[pos] >= ' ' && in[pos] != '"' && in[pos] != '\\' {
		seen |= uint64(in[pos])
		pos++
	}
	return pos, seen&highs == 0
}

// escape appends what the escape at pos stands for and returns the place after.
func (s *scanner) escape(pos int) int {
	if pos+1 >= len(s.in) {
		s.fail(CodeSyntax, pos, "ends within a string")
		return pos
	}
	c := s.in[pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode(pos)
	default:
		s.fail(CodeSyntax, pos, "has an unknown escape")
		return pos
	}
	s.text = append(s.text, c)
	return pos + 2
}

func (s *scanner) unicode(pos int) int {
	r := hex4(s.in, pos+2)
	if r < 0 {
		s.fail(CodeSyntax, pos, `has no four hex digits after \u`)
		return pos
	}
	size := 6
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if pos+7 < len(s.in) && s.in[pos+6] == '\\' && s.in[pos+7] == 'u' {
			low = hex4(s.in, pos+8)
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			s.fail(CodeUTF8, pos, "has half a surrogate pair")
			return pos
		}
		size = 12
	}
	s.text = utf8.AppendRune(s.text, r)
	return pos + size
}

// hex4 reads four hex digits, or returns -1.
func hex4(in []byte, pos int) rune {
	if pos+4 > len(in) {
		return -1
	}
	var r rune
	for _, c := range in[pos : pos+4] {
		d := hexDigit(c)
		if d < 0 {
			return -1
		}
		r = r<<4 | d
	}
	return r
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// literal reads true, false or null.
func (s *scanner) literal(word string) bool {
	if len(s.in)-s.pos < len(word) || string(s.in[s.pos:s.pos+len(word)]) != word {
		s.unexpected("a value")
		return false
	}
	s.pos += len(word)
	return true
}

// end checks that nothing but white space is left.
func (s *scanner) end() {
	if s.err == nil && (s.peek() != 0 || s.pos < len(s.in)) {
		s.unexpected("the end")
	}
}
