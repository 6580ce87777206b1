package ocsf

import (
	"encoding/json"
	"slices"
	"strings"
)

// reencoder writes any JSON value canonically.
type reencoder struct {
	scanner
	spans []span // members of the objects being read
	order []byte // members on their way to their place
}

// span is one encoded member of an object: its key and where it stands.
type span struct {
	key        string
	start, end int
}

// appendCanonical re-encodes any JSON value canonically; what is no JSON or
// breaks a limit becomes null.
func appendCanonical(dst []byte, raw json.RawMessage) []byte {
	var r reencoder
	var room [16]span
	r.spans = room[:0]
	r.start(raw)
	n := len(dst)
	dst = r.canonical(dst)
	if r.end(); r.err != nil {
		return append(dst[:n], "null"...)
	}
	return dst
}

// canonical appends the present value, whatever it is.
func (r *reencoder) canonical(dst []byte) []byte {
	switch c := r.peek(); c {
	case '{':
		return r.canonicalObject(dst)
	case '[':
		return r.canonicalArray(dst)
	case '"':
		return appendString(dst, r.str())
	case 't':
		r.literal("true")
		return append(dst, "true"...)
	case 'f':
		r.literal("false")
		return append(dst, "false"...)
	case 'n':
		r.literal("null")
		return append(dst, "null"...)
	default:
		n := r.num()
		if n.whole {
			return appendInt(dst, n.int)
		}
		return appendFloat(dst, n.float)
	}
}

func (r *reencoder) canonicalArray(dst []byte) []byte {
	n := len(dst)
	if !r.open() {
		return dst
	}
	for r.element() {
		dst = r.canonical(append(dst, ','))
	}
	r.close()
	return closeArray(dst, n)
}

func (r *reencoder) canonicalObject(dst []byte) []byte {
	n, mark := len(dst), len(r.spans)
	if !r.open() {
		return dst
	}
	for first := true; ; first = false {
		key, more := r.member(first)
		if !more {
			break
		}
		start := len(dst)
		dst = append(appendString(append(dst, ','), key), ':')
		dst = r.canonical(dst)
		r.spans = append(r.spans, span{key, start, len(dst)})
	}
	dst = r.arrange(dst, n, r.spans[mark:])
	r.spans = r.spans[:mark]
	r.close()
	return closeObject(dst, n)
}

// arrange brings the members that begin at n into the order of their keys.
func (r *reencoder) arrange(dst []byte, n int, spans []span) []byte {
	byKey := func(a, b span) int { return strings.Compare(a.key, b.key) }
	sorted := slices.IsSortedFunc(spans, byKey)
	if !sorted {
		slices.SortFunc(spans, byKey)
	}
	for i := 1; i < len(spans); i++ {
		if spans[i-1].key == spans[i].key {
			r.duplicate(spans[i].key)
			return dst
		}
	}
	if sorted {
		return dst
	}
	r.order = append(r.order[:0], dst[n:]...)
	dst = dst[:n]
	for _, s := range spans {
		dst = append(dst, r.order[s.start-n:s.end-n]...)
	}
	return dst
}

func (r *reencoder) duplicate(key string) {
	r.steps[max(r.depth-1, 0)].key = key
	r.fail(CodeDuplicateKey, r.pos, "a key stands twice in one object")
}
