package scan

import (
	"encoding/binary"
	"math/bits"
)

// scanner goes over a body from the left, once. It needs no stack: when an
// object ends, the edges know which one it was in and how far that was read.
//
// Positions in the body are called i, v where a value begins, edges e: the
// first one of its object that is not less than the keys so far.
type scanner struct {
	body    []byte
	slots   []Slot
	edges   []edge
	trust   bool // keys need not be compared with each other
	escapes bool // there are backslashes

	before heads // of the key before
	start  int   // where that begins, 0 if there is none, ^e if it is that of edge e
}

const (
	room = width + 2 // behind a position before this, from the end, are a window and two bytes more

	bad  = -1 // position behind what cannot be read
	done = -1 // edge when there is nothing left to find
)

// walk reads the body. It is one function so that what it works with stays in
// registers, and leaves all that is rare to others.
func (s *scanner) walk() bool {
	b, edges := s.body, s.edges
	i, e := len("{"), 0
	if b[i] == '}' {
		i, e = s.behind(i, e)
	}
	for e != done {
		edge, found, v := &edges[e], false, bad
		if i < len(b)-room && b[i] == '"' {
			w := windowOf((*[width]byte)(b[i+1:]))
			first := bits.ReverseBytes64(w.a)
			for edge.most < first {
				e++
				edge = &edges[e]
			}
			if found = w.is(edge.text, edge.mask) && (edge.size <= short || s.whole(i, edge)); found {
				v = i + int(edge.size) + len(`"":`)
			} else if n := w.quote(); s.trust && first < edge.least && n < width {
				v = i + n + len(`"":`)
			}
		}
		if v == bad {
			if v, e, found = s.key(i, e); v == bad {
				return false
			}
			edge = &edges[e]
		}
		if found && !s.trust {
			s.before, s.start = edge.heads, ^e
		}
		c, kind := b[v], String
		switch {
		case found && c == '{' && edge.child != none:
			i, e = s.enter(v, edge)
			continue
		case c == '"' && v < len(b)-room:
			n := windowOf((*[width]byte)(b[v+1:])).quote()
			if i = v + n + len(`""`); n >= width || s.escapes && b[i-2] == '\\' {
				i = stringEnd(b, v+1) + 1
			}
		case isNumber(c) && v < len(b)-room:
			kind = Number
			if ends := numberEnds(binary.LittleEndian.Uint64(b[v:])); ends != 0 {
				i = v + bits.TrailingZeros64(ends)/8
			} else {
				i = numberEnd(b, v+8)
			}
			if b[i-1] <= ' ' {
				return false
			}
		default:
			i, kind = s.value(v)
		}
		if uint(i) >= uint(len(b)) {
			return false
		}
		if found {
			if edge.slot != none {
				s.slots[edge.slot] = s.slot(v, i, kind)
			}
			e++
		}
		if b[i] == ',' && (!s.trust || edges[e].size != last) {
			i++
			continue
		}
		i, e = s.behind(i, e)
	}
	return i != bad
}

// enter goes into the object at i, to which edge leads.
func (s *scanner) enter(i int, edge *edge) (int, int) {
	if edge.slot != none {
		s.slots[edge.slot] = Slot{Start: int32(i), Kind: Object} // behind sets the end
	}
	s.before, s.start = heads{}, 0
	if i++; i < len(s.body) && s.body[i] == '}' {
		return s.behind(i, int(edge.child))
	}
	return i, int(edge.child)
}

// behind goes on from i, behind a member or where an empty object ends, to the
// next member. It leaves the objects that end here, or that nothing is wanted
// of any more.
func (s *scanner) behind(i, e int) (int, int) {
	for uint(i) < uint(len(s.body)) {
		edge := &s.edges[e]
		switch c := s.body[i]; {
		case s.trust && edge.size == last:
			if edge.done {
				return i, done
			}
			i = s.skip(i, 1)
		case c == ',':
			return i + 1, e
		case c == '}':
			i++
		default:
			return bad, done
		}
		if edge.up == none {
			if i < len(s.body) && !s.trust {
				return bad, done
			}
			return i, done
		}
		up := &s.edges[edge.up]
		if up.slot != none {
			s.slots[up.slot].End = int32(i)
		}
		e = int(edge.up) + 1
		s.before, s.start = up.heads, ^int(edge.up)
	}
	return bad, done
}

// value returns the position behind the value at i, and its kind.
func (s *scanner) value(i int) (int, Kind) {
	switch c := s.body[i]; c {
	case '"':
		return stringEnd(s.body, i+1) + 1, String
	case '{':
		return s.skip(i, 0), Object
	case '[':
		return s.skip(i, 0), Array
	case 't':
		return i + len("true"), True
	case 'f':
		return i + len("false"), False
	case 'n':
		return i + len("null"), Null
	default:
		end := numberEnd(s.body, i)
		if !isNumber(c) || s.body[end-1] <= ' ' {
			return bad, Missing
		}
		return end, Number
	}
}

// isNumber reports whether a number may begin with c.
func isNumber(c byte) bool { return c-'-' <= '9'-'-' }

// skip passes over the body from i on until depth, the number of brackets open
// there, is zero.
func (s *scanner) skip(i, depth int) int {
	if s.escapes {
		return skipEscaped(s.body, i, depth)
	}
	return skipPlain(s.body, i, depth)
}
