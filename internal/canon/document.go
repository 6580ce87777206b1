package canon

import (
	"bytes"
	"unicode/utf8"
)

// Kind is the type of a value.
type Kind uint8

// The types of JSON.
const (
	Null Kind = iota
	False
	True
	Number
	String
	Array
	Object
)

// Value is a JSON value. Text is the string that it says, or the JSON of any
// other kind.
type Value struct {
	Kind Kind
	Text []byte
}

// Document is a body that was read. Its members are numbered in the order in
// which they begin, from 0; those of an object, and the elements of an array,
// follow it and end before its Next:
//
//	for i := 0; i < d.Len(); i = d.Next(i) // the members at the top
//	for j := i + 1; j < d.Next(i); j = d.Next(j) // those of member i
//
// The zero value is ready to Read. It belongs to one goroutine.
type Document struct {
	body    []byte
	members []member
}

// member is where the parts of a member are in the body.
type member struct {
	key, keyEnd uint32 // empty for elements of arrays
	text, end   uint32
	next        uint32
	kind        Kind
	escaped     bool // text holds escapes
}

const (
	maxBody  = 1 << 30 // positions fit
	maxDepth = 64
)

// Read reads body, which must not change as long as d is used, and reports
// whether it has the canonical form. If not, d is empty.
func (d *Document) Read(body []byte) bool {
	s := scanner{b: body, members: d.members[:0], plain: isPlain(body)}
	ok := len(body) <= maxBody && s.object(0, 0) == len(body) && (!s.wide || utf8.Valid(body))
	d.body, d.members = body, s.members
	if !ok {
		d.members = d.members[:0]
	}
	return ok
}

// Len is the number of members at all depths.
func (d *Document) Len() int { return len(d.members) }

// Next is the number of the member behind member i and all that is in it.
func (d *Document) Next(i int) int { return int(d.members[i].next) }

// Key is the name of member i, empty for an element of an array. It is a view
// of the body.
func (d *Document) Key(i int) []byte {
	m := &d.members[i]
	return d.body[m.key:m.keyEnd]
}

// Kind is the type of member i.
func (d *Document) Kind(i int) Kind { return d.members[i].kind }

// Value is the value of member i. Its text is a view of the body unless it is a
// string with escapes.
func (d *Document) Value(i int) Value {
	m := &d.members[i]
	text := d.body[m.text:m.end:m.end]
	if m.escaped {
		text = unescape(text)
	}
	return Value{m.kind, text}
}

// Find returns the number of the member at path, a list of names.
func (d *Document) Find(path []string) (i int, ok bool) {
	from, to := 0, len(d.members)
	for n, key := range path {
		if n > 0 && d.members[i].kind != Object {
			return 0, false
		}
		if i, ok = d.among(from, to, key); !ok {
			return 0, false
		}
		from, to = i+1, d.Next(i)
	}
	return i, ok
}

func (d *Document) among(from, to int, key string) (int, bool) {
	for i := from; i < to; i = d.Next(i) {
		if string(d.Key(i)) == key {
			return i, true
		}
	}
	return 0, false
}

// unescape returns what text, in which every backslash begins an escape that
// the scanner lets pass, says.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return append(out, text...)
		}
		n, c := escape(text[i+1:])
		out = append(append(out, text[:i]...), c)
		text = text[i+1+n:]
	}
}

// escape returns the length of the escape that b begins with, behind its
// backslash, and the byte that it stands for; 0 if it is not written as ingest
// would. A control character without a letter of its own has a number.
func escape(b []byte) (n int, c byte) {
	if len(b) == 0 {
		return 0, 0
	}
	if c := meaning(b[0]); c != 0 {
		return 1, c
	}
	if len(b) < len("u0000") || string(b[:3]) != "u00" || b[3] != '0' && b[3] != '1' {
		return 0, 0
	}
	low := bytes.IndexByte([]byte("0123456789abcdef"), b[4])
	if low < 0 {
		return 0, 0
	}
	if c = (b[3]-'0')<<4 | byte(low); bytes.IndexByte([]byte("\b\f\n\r\t"), c) >= 0 {
		return 0, 0
	}
	return len("u0000"), c
}

// meaning is the byte that a backslash and c stand for; 0: none.
func meaning(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}
