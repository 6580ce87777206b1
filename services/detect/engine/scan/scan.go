package scan

import "bytes"

// Kind is the type of what stands at a path.
type Kind uint8

// The types of JSON, and Missing: nothing stands there.
const (
	Missing Kind = iota
	String
	Number
	True
	False
	Null
	Object
	Array
)

// Slot is what stands at one path: body[Start:End] is its JSON text, of a
// String that between the quotes.
type Slot struct {
	Start, End int32
	Kind       Kind
	Escaped    bool // the string has a backslash: its text is not what it says
}

const maxBody = 1 << 30 // positions fit

// Scan looks for the paths in body and sets the slot of each; len(slots) must
// be Len. It reports whether body has a form that it can read; if not, the
// slots say nothing.
//
// Of a valid JSON text, which is UTF-8, that it can read, each slot is what a
// reader finds there for which the last of equal keys counts. It can read an
// object where those objects that are on the way to a path have their keys in
// ascending order, none twice, none empty, without escapes and blanks. Other
// parts may have any form.
//
// With trust the caller knows that body has the form of package canon: then the
// rest of an object is not looked at where no wanted key can follow.
//
// Of what is not JSON the result may be anything, but slots are in body.
func (p *Paths) Scan(body []byte, slots []Slot, trust bool) bool {
	slots = slots[:p.count]
	clear(slots)
	if len(body) < len("{}") || len(body) > maxBody || body[0] != '{' {
		return false
	}
	s := scanner{
		body: body, slots: slots, edges: p.edges, trust: trust,
		escapes: bytes.IndexByte(body, '\\') >= 0,
	}
	if !s.walk() {
		return false
	}
	for _, c := range p.copies {
		slots[c[1]] = slots[c[0]]
	}
	for _, i := range p.roots {
		slots[i] = Slot{End: int32(len(body)), Kind: Object}
	}
	return true
}

// slot is that of the value between two positions.
func (s *scanner) slot(start, end int, k Kind) Slot {
	if k != String {
		return Slot{Start: int32(start), End: int32(end), Kind: k}
	}
	start, end = start+1, end-1
	escaped := s.escapes && bytes.IndexByte(s.body[start:end], '\\') >= 0
	return Slot{Start: int32(start), End: int32(end), Kind: String, Escaped: escaped}
}
