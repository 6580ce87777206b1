package stream

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sort"
	"strings"
)

// marks say, for every output topic and partition, from which offset on the
// records are that follow from inputs after the committed one. They travel in
// the metadata of offset commits.
//
// Text form: "o1:" and, in unpadded base64, for each topic in order: length and
// bytes of its name, number of partitions, offset of each partition; all
// numbers as unsigned varints. 64 partitions of two topics take less than 1.1
// KB while offsets are below 2^35; brokers take 4 KB by default.
type marks map[string][]int64

const marksPrefix = "o1:"

func (m marks) encode() string {
	topics := make([]string, 0, len(m))
	for t := range m {
		topics = append(topics, t)
	}
	sort.Strings(topics)
	var b []byte
	for _, t := range topics {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
		b = binary.AppendUvarint(b, uint64(len(m[t])))
		for _, off := range m[t] {
			b = binary.AppendUvarint(b, uint64(off))
		}
	}
	return marksPrefix + base64.RawStdEncoding.EncodeToString(b)
}

// decodeMarks reads what encode wrote; "" has no marks.
func decodeMarks(s string) (marks, error) {
	m := marks{}
	if s == "" {
		return m, nil
	}
	text, ok := strings.CutPrefix(s, marksPrefix)
	if !ok {
		return nil, fmt.Errorf("offset metadata %.20q is not of this program: use another group, or reset the group's offsets", s)
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("offset metadata: %w", err)
	}
	r := uvarints{b: b}
	for len(r.b) > 0 && !r.bad {
		topic := r.text()
		n := r.next()
		if n > uint64(len(r.b)) {
			r.bad = true
			break
		}
		offs := make([]int64, n)
		for i := range offs {
			offs[i] = int64(r.next())
		}
		m[topic] = offs
	}
	if r.bad {
		return nil, errors.New("offset metadata is cut short")
	}
	return m, nil
}

// stateMark is the name, that of no topic, under which the metadata says where
// in the state topic the snapshots of the partition begin.
const stateMark = ""

// withState returns m and where the snapshots begin.
func (m marks) withState(at int64) marks {
	all := maps.Clone(m)
	all[stateMark] = []int64{at}
	return all
}

// takeState removes from m where the snapshots begin, and returns it; 0: search
// the whole partition of the state topic.
func (m marks) takeState() int64 {
	at := m[stateMark]
	delete(m, stateMark)
	if len(at) != 1 {
		return 0
	}
	return at[0]
}

// raise moves the marks of topic up to ends; -1 in ends is "not known". A
// partition that was added to the topic gets its first mark.
func (m marks) raise(topic string, ends []int64) {
	for p := range m[topic] {
		if p < len(ends) {
			m[topic][p] = max(m[topic][p], ends[p])
		}
	}
	for p := len(m[topic]); p > 0 && p < len(ends) && ends[p] >= 0; p++ {
		m[topic] = append(m[topic], ends[p])
	}
}

// uvarints reads numbers and texts from b and turns bad at the first that does
// not fit.
type uvarints struct {
	b   []byte
	bad bool
}

func (r *uvarints) next() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > 1<<62 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *uvarints) text() string {
	n := r.next()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
