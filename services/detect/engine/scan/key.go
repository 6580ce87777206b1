package scan

import "bytes"

// whole reports whether the key at i is that of edge, of which a window shows
// only the beginning.
func (s *scanner) whole(i int, edge *edge) bool {
	end := i + 1 + len(edge.key)
	return end < len(s.body)-2 && string(s.body[i+1:end]) == edge.key && s.body[end] == '"' && s.body[end+1] == ':'
}

// key reads the key at i. It returns the position behind the colon and the
// first edge from e on that is not less than the key, and whether it is that of
// the key.
func (s *scanner) key(i, e int) (v, at int, found bool) {
	b := s.body
	if uint(i) >= uint(len(b)) || b[i] != '"' {
		return bad, e, false
	}
	end, heads := s.keyEnd(i + 1)
	if v = end + len(`":`); v >= len(b) { // if the colon is a blank, no value begins at v
		return bad, e, false
	}
	key := b[i+1 : end]
	if !s.trust && !s.ascends(heads, i+1, key) {
		return bad, e, false
	}
	for s.edges[e].heads.less(heads) {
		e++
	}
	edge := &s.edges[e]
	if edge.heads != heads {
		return v, e, false
	}
	if int(edge.size) == len(key) && len(key) <= width {
		return v, e, true
	}
	e, found = s.tie(e, key)
	return v, e, found
}

// keyEnd returns the position of the quote behind the key that begins at i, or
// len(body), and its heads.
func (s *scanner) keyEnd(i int) (int, heads) {
	if b := s.body; i < len(b)-room {
		w := windowOf((*[width]byte)(b[i:]))
		if n := w.quote(); n < width {
			return i + n, w.heads(n)
		}
	}
	end := stringEnd(s.body, i)
	return end, headsOf(s.body[i:end])
}

// ascends reports whether key, which begins at i, comes after the one before it
// and has no escapes, and remembers it. Wanted keys need no such look: what is
// less than one of them was looked at here.
func (s *scanner) ascends(h heads, i int, key []byte) bool {
	if s.escapes && bytes.IndexByte(key, '\\') >= 0 {
		return false
	}
	ok := s.before.less(h)
	if s.before == h {
		ok = s.after(key)
	}
	s.before, s.start = h, i
	return ok
}

// after is ascends of a key that has the heads of the one before it.
func (s *scanner) after(key []byte) bool {
	if s.start < 0 {
		return s.edges[^s.start].key < string(key)
	}
	return bytes.Compare(s.body[s.start:stringEnd(s.body, s.start)], key) < 0
}

// tie returns the first edge from e on that is not less than key, which has the
// heads of e, and whether it is that of key.
func (s *scanner) tie(e int, key []byte) (int, bool) {
	for h := s.edges[e].heads; s.edges[e].size != last && s.edges[e].heads == h; e++ {
		if k := s.edges[e].key; k >= string(key) {
			return e, k == string(key)
		}
	}
	return e, false
}
