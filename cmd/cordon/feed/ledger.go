package feed

import (
	"maps"
	"slices"

	"github.com/cordon-iot/cordon"
)

// ledger ticks off the records that were sent, one bit for each.
type ledger struct {
	topic  string
	sent   Ranges
	ticked map[int][]uint64 // by partition, from its first record sent
}

func newLedger(topic string, sent Ranges) *ledger {
	l := &ledger{topic: topic, sent: sent, ticked: map[int][]uint64{}}
	for p := range sent {
		l.ticked[p] = make([]uint64, sent.span(p).size()/64+1)
	}
	return l
}

// tick ticks p off. ours: the feed sent p; again: it was ticked off before.
func (l *ledger) tick(p cordon.Position) (ours, again bool) {
	if p.Topic != l.topic || !l.sent.has(p) {
		return false, false
	}
	word, bit := l.place(p.Partition, p.Offset)
	again = *word&bit != 0
	*word |= bit
	return true, again
}

func (l *ledger) place(partition int, offset int64) (word *uint64, bit uint64) {
	i := offset - l.sent.span(partition).First
	return &l.ticked[partition][i/64], 1 << (i % 64)
}

// is reports whether the feed sent p and nothing has ticked it off.
func (l *ledger) is(p cordon.Position) bool {
	if p.Topic != l.topic || !l.sent.has(p) {
		return false
	}
	word, bit := l.place(p.Partition, p.Offset)
	return *word&bit == 0
}

// open calls f for each record that is not ticked off, by partition and
// offset.
func (l *ledger) open(f func(cordon.Position)) {
	for _, p := range slices.Sorted(maps.Keys(l.sent)) {
		for _, x := range l.sent[p] {
			for o := x.First; o <= x.Last; o++ {
				if at := (cordon.Position{Topic: l.topic, Partition: p, Offset: o}); l.is(at) {
					f(at)
				}
			}
		}
	}
}

// spans returns per partition from the first to the last record that is not
// ticked off.
func (l *ledger) spans() map[int]Range {
	out := map[int]Range{}
	l.open(func(p cordon.Position) {
		x, ok := out[p.Partition]
		if !ok {
			x.First = p.Offset
		}
		out[p.Partition] = Range{x.First, p.Offset}
	})
	return out
}
