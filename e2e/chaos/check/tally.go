package check

type part struct {
	topic     string
	partition int32
}

// tally counts by place; offsets are dense, so that a count is a byte.
type tally map[part][]uint8

// add counts p and returns the count, at most 255.
func (t tally) add(p Place) int {
	k := part{p.Topic, p.Partition}
	s := grown(t[k], p.Offset)
	if s[p.Offset] < 255 {
		s[p.Offset]++
	}
	t[k] = s
	return int(s[p.Offset])
}

func (t tally) get(p Place) int {
	if s := t[part{p.Topic, p.Partition}]; p.Offset >= 0 && p.Offset < int64(len(s)) {
		return int(s[p.Offset])
	}
	return 0
}

// marks holds a number by place; 0 for none.
type marks map[part][]uint64

func (m marks) set(p Place, v uint64) {
	k := part{p.Topic, p.Partition}
	s := grown(m[k], p.Offset)
	s[p.Offset] = v
	m[k] = s
}

func (m marks) get(p Place) uint64 {
	if s := m[part{p.Topic, p.Partition}]; p.Offset >= 0 && p.Offset < int64(len(s)) {
		return s[p.Offset]
	}
	return 0
}

// grown is s with an index i.
func grown[T any](s []T, i int64) []T {
	if i < int64(len(s)) {
		return s
	}
	return append(s, make([]T, i+1-int64(len(s)))...)
}
