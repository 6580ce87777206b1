package scan

import (
	"bytes"
)

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
// ascending order, none twice, without escapes and blanks. Other parts may have
// any form.
//
// With trust the caller knows that body has the form of package canon: then the
// rest of an object is not looked at where no wanted key can follow.
//
// Of what is not JSON the result may be anything.
func (p *Paths) Scan(body []byte, slots []Slot, trust bool) bool {
	slots = slots[:p.count]
	clear(slots)
	if len(body) < len("{}") || len(body) > maxBody || body[0] != '{' || !p.walk(body, slots, trust) {
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

// walk is Scan of an object, from the left, once. It needs no stack: when an
// object ends, the edges know which one it was in and how far that was read.
func (p *Paths) walk(b []byte, slots []Slot, trust bool) bool {
	var before heads
	edges := p.edges
	q := quotesOf(b).ready(b)
	open := q.at()
	q = q.drop()
	i, e, prior := 1, 0, 0
	for {
		if uint(i) >= uint(len(b)) {
			return false
		}
		if open == i {
			q = q.ready(b)
			end := q.at()
			q = q.drop()
			if end >= len(b)-2 || b[end+1] != ':' {
				return false
			}
			var key heads
			if i < len(b)-16 {
				key = headsAt((*[16]byte)(b[i+1:]), end-i-1)
			} else {
				key = headsOf(b[i+1 : end])
			}
			if !trust {
				if !before.less(key) && (before != key || !p.ascends(b, prior, e, b[i+1:end])) {
					return false
				}
				if q.escape != noEscapes && bytes.IndexByte(b[i+1:end], '\\') >= 0 {
					return false
				}
				before, prior = key, i+1
			}
			for edges[e].heads.less(key) {
				e++
			}
			w := &edges[e]
			found := w.heads == key
			if found && (w.size > 16 || int(w.size) != end-i-1) {
				e, found = p.tie(e, b[i+1:end])
				w = &edges[e]
			}
			i = end + 2
			c := b[i]
			q = q.ready(b)
			open = q.at()
			q = q.drop()
			slot := Slot{Start: int32(i), Kind: kindOf(c)}
			if found {
				if w.child >= 0 && c == '{' {
					if w.slot >= 0 {
						slots[w.slot] = slot
					}
					e = int(w.child)
					i++
					before = heads{}
					continue
				}
				e++
			}
			switch slot.Kind {
			case String:
				q = q.ready(b)
				end := q.at()
				q = q.drop()
				slot.Start++
				i = end + 1
				slot.End = int32(end)
				if end >= len(b) {
					return false
				}
				if found && q.escape != noEscapes {
					slot.Escaped = bytes.IndexByte(b[slot.Start:end], '\\') >= 0
				}
				q = q.ready(b)
				open = q.at()
				q = q.drop()
			case Number:
				if open < len(b) && b[open-1] == ',' && b[open-2]-'0' <= 9 {
					i = open - 1
				} else {
					i = numberEnd(b, i)
				}
				slot.End = int32(i)
			case True, Null:
				i += 4
				slot.End = int32(i)
			case False:
				i += 5
				slot.End = int32(i)
			case Object, Array:
				i, open, q = skip(b, i, 0, open, q)
				slot.End = int32(i)
			default:
				return false
			}
			if found && w.slot >= 0 {
				slots[w.slot] = slot
			}
		} else if b[i] != '}' {
			return false
		}
		for {
			if uint(i) >= uint(len(b)) {
				return false
			}
			if trust && edges[e].size < 0 {
				if edges[e].done {
					return true
				}
				i, open, q = skip(b, i, 1, open, q)
			} else {
				c := b[i]
				i++
				if c == ',' {
					break
				}
				if c != '}' {
					return false
				}
			}
			up := edges[e].up
			if up < 0 {
				return trust || i == len(b)
			}
			if s := edges[up].slot; s >= 0 {
				slots[s].End = int32(i)
			}
			e = int(up) + 1
			before, prior = edges[up].heads, none
		}
	}
}

// ascends reports whether key comes after the key before it, which begins at
// prior or, if that is none, is that of the edge before e.
func (p *Paths) ascends(b []byte, prior, e int, key []byte) bool {
	if prior == none {
		return p.edges[e-1].key < string(key)
	}
	before := b[prior:]
	if n := bytes.IndexByte(before, '"'); n >= 0 {
		before = before[:n]
	}
	return bytes.Compare(before, key) < 0
}

// tie .
func (p *Paths) tie(e int, key []byte) (int, bool) {
	w := p.edges[e].heads
	for p.edges[e].heads == w && p.edges[e].size >= 0 {
		if p.edges[e].key >= string(key) {
			return e, p.edges[e].key == string(key)
		}
		e++
	}
	return e, false
}

func kindOf(c byte) Kind {
	switch c {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't':
		return True
	case 'f':
		return False
	case 'n':
		return Null
	}
	if c == '-' || c-'0' <= 9 {
		return Number
	}
	return Missing
}
