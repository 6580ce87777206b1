package canon

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"unicode/utf8"
)

// scanner reads a body from the left. Its methods take the position where
// something begins and return the one behind it, or bad.
type scanner struct {
	b       []byte
	members []member
	plain   bool // what isPlain says of b
	wide    bool // there are bytes that are not ASCII
	escaped bool // the string read last holds escapes
}

const bad = -1

// at is the byte at position i, 0 behind the end.
func (s *scanner) at(i int) byte {
	if uint(i) < uint(len(s.b)) {
		return s.b[i]
	}
	return 0
}

func (s *scanner) object(i, depth int) int {
	if s.at(i) != '{' || depth == maxDepth {
		return bad
	}
	if i++; s.at(i) == '}' {
		return i + 1
	}
	var last []byte // key of the member before; an empty key is refused with it
	for {
		start := i + 1
		if i = s.text(i); i < 0 || s.at(i) != ':' || s.escaped {
			return bad
		}
		key := s.b[start : i-1]
		if !ascends(last, key) {
			return bad
		}
		last = key
		if i = s.member(member{key: uint32(start), keyEnd: uint32(i - 1)}, i+1, depth); i < 0 {
			return bad
		}
		switch s.at(i) {
		case ',':
			i++
		case '}':
			return i + 1
		default:
			return bad
		}
	}
}

// ascends reports whether key comes after last. Most often the first letter
// says so.
func ascends(last, key []byte) bool {
	if len(last) > 0 && len(key) > 0 && last[0] != key[0] {
		return last[0] < key[0]
	}
	return bytes.Compare(last, key) < 0
}

func (s *scanner) array(i, depth int) int {
	if depth == maxDepth {
		return bad
	}
	if i++; s.at(i) == ']' {
		return i + 1
	}
	for {
		if i = s.member(member{}, i, depth); i < 0 {
			return bad
		}
		switch s.at(i) {
		case ',':
			i++
		case ']':
			return i + 1
		default:
			return bad
		}
	}
}

// member reads the value of m at i.
func (s *scanner) member(m member, i, depth int) int {
	n := len(s.members)
	s.members = append(s.members, m)
	s.escaped = false
	kind, end := s.value(i, depth+1)
	if end < 0 {
		return bad
	}
	p := &s.members[n]
	p.kind, p.next, p.text, p.end = kind, uint32(len(s.members)), uint32(i), uint32(end)
	if kind == String {
		p.text, p.end, p.escaped = p.text+1, p.end-1, s.escaped
	}
	return end
}

func (s *scanner) value(i, depth int) (Kind, int) {
	switch s.at(i) {
	case '"':
		return String, s.text(i)
	case '{':
		return Object, s.object(i, depth)
	case '[':
		return Array, s.array(i, depth)
	case 't':
		return True, s.word(i, "true")
	case 'f':
		return False, s.word(i, "false")
	case 'n':
		return Null, s.word(i, "null")
	}
	return Number, s.number(i)
}

func (s *scanner) word(i int, w string) int {
	if end := i + len(w); end <= len(s.b) && string(s.b[i:end]) == w {
		return end
	}
	return bad
}

func (s *scanner) text(i int) int {
	if s.at(i) != '"' {
		return bad
	}
	s.escaped = false
	b := s.b
	if s.plain {
		n := bytes.IndexByte(b[i+1:], '"')
		if n < 0 {
			return bad
		}
		return i + 1 + n + 1
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			n, _ := escape(b[i+1:])
			if n == 0 {
				return bad
			}
			i += n
			s.escaped = true
		case c < ' ':
			return bad
		case c >= utf8.RuneSelf:
			s.wide = true
		}
	}
	return bad
}

// isPlain reports whether b is ASCII without control characters and
// backslashes, so that a string in it ends at the next quote. It looks at eight
// bytes at a time: a byte that is less than a space, or that the exclusive or
// has made zero, borrows from its highest bit.
func isPlain(b []byte) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	var hits uint64
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		hits |= w | (w - ones*' ') | ((w ^ ones*'\\') - ones)
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return false
		}
		hits |= uint64(c)
	}
	return hits&highs == 0
}

func (s *scanner) number(i int) int {
	start := i
	for isDigit(s.at(i)) {
		i++
	}
	if c := s.at(i); c == ',' || c == '}' || c == ']' {
		if n := i - start; n == 1 || n > 1 && s.b[start] != '0' {
			return i
		}
		return bad
	}
	for c := s.at(i); isDigit(c) || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E'; c = s.at(i) {
		i++
	}
	if !json.Valid(s.b[start:i]) {
		return bad
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
