package wkafka

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"
)

// partitions are partitions by topic, in ascending order.
type partitions map[string][]int

// has reports whether p holds the partition.
func (p partitions) has(topic string, partition int) bool {
	_, found := slices.BinarySearch(p[topic], partition)
	return found
}

func (p partitions) add(topic string, partition int) {
	p[topic] = append(p[topic], partition)
}

func (p partitions) sort() {
	for _, parts := range p {
		sort.Ints(parts)
	}
}

// count is the number of partitions in p.
func (p partitions) count() int {
	n := 0
	for _, parts := range p {
		n += len(parts)
	}
	return n
}

func (p partitions) topics() []string {
	topics := make([]string, 0, len(p))
	for t := range p {
		topics = append(topics, t)
	}
	sort.Strings(topics)
	return topics
}

// subscription is what a member tells the leader of its group: Kafka's
// ConsumerProtocolSubscription, written in version 1. The same subscription
// always gives the same bytes: a coordinator compares them to see whether a
// member that joins again has anything new to say.
type subscription struct {
	topics []string
	owned  partitions // what the member works on and will not give up before it joins with less
}

const (
	subscriptionVersion = 1
	assignmentVersion   = 1
	maxPartition        = 1 << 20 // more than any topic has
)

var (
	errGroupWire = errors.New("malformed bytes of the consumer protocol")
	errOldMember = errors.New("member does not say what it owns: it is not of this protocol")
)

func (s subscription) encode() []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, subscriptionVersion)
	b = be.AppendUint32(b, uint32(len(s.topics)))
	for _, t := range slices.Sorted(slices.Values(s.topics)) {
		b = appendString(b, t)
	}
	b = be.AppendUint32(b, 0xffffffff) // user data: null
	return appendPartitions(b, s.owned)
}

// decodeSubscription ignores what versions after 1 add.
func decodeSubscription(b []byte) (subscription, error) {
	w := wire{b: b}
	version := w.int16()
	var s subscription
	for n := w.count(2); n > 0; n-- {
		s.topics = append(s.topics, string(w.bytes(int(w.int16()))))
	}
	w.bytes(int(w.int32())) // user data
	if !w.bad && version < 1 {
		return s, errOldMember
	}
	s.owned = w.partitions()
	if w.bad {
		return s, errGroupWire
	}
	return s, nil
}

// encodeAssignment is Kafka's ConsumerProtocolAssignment.
func encodeAssignment(p partitions) []byte {
	b := binary.BigEndian.AppendUint16(nil, assignmentVersion)
	b = appendPartitions(b, p)
	return binary.BigEndian.AppendUint32(b, 0xffffffff) // user data: null
}

// decodeAssignment ignores the user data. No bytes are no partitions.
func decodeAssignment(b []byte) (partitions, error) {
	if len(b) == 0 {
		return partitions{}, nil
	}
	w := wire{b: b}
	w.int16() // version: all have the partitions here
	p := w.partitions()
	if w.bad {
		return nil, errGroupWire
	}
	return p, nil
}

func appendPartitions(b []byte, p partitions) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, uint32(len(p)))
	for _, topic := range p.topics() {
		b = appendString(b, topic)
		b = be.AppendUint32(b, uint32(len(p[topic])))
		for _, part := range p[topic] {
			b = be.AppendUint32(b, uint32(part))
		}
	}
	return b
}

// partitions reads what appendPartitions wrote.
func (w *wire) partitions() partitions {
	p := partitions{}
	for n := w.count(6); n > 0 && !w.bad; n-- {
		topic := string(w.bytes(int(w.int16())))
		for k := w.count(4); k > 0; k-- {
			n := int(w.int32())
			if n < 0 || n > maxPartition {
				w.bad, w.b = true, nil
				return nil
			}
			p.add(topic, n)
		}
	}
	p.sort()
	for topic := range p {
		p[topic] = slices.Compact(p[topic])
	}
	return p
}

// count reads the length of an array whose elements take at least size bytes.
// It turns w bad when so many cannot follow.
func (w *wire) count(size int) int {
	n := int(w.int32())
	if n > len(w.b)/size {
		w.bad, w.b = true, nil
	}
	if n < 0 || w.bad {
		return 0
	}
	return n
}
