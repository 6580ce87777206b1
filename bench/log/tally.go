package main

import (
	"fmt"
	"sync/atomic"
)

// A tally counts what a reader hands out, by partition, and takes a sample at
// the last record. It sums up offsets: a record that is missing, or that comes
// twice, gives another sum.
type tally struct {
	want  int64
	ends  []int64 // of the partitions
	n     atomic.Int64
	parts [partitions]struct {
		n, offsets atomic.Int64
		_          [48]byte // partitions are counted by different goroutines
	}
	last sample        // when done is closed
	done chan struct{} // closed when as many records came as there are
}

func newTally(ends []int64) *tally {
	t := &tally{ends: ends, done: make(chan struct{})}
	for _, e := range ends {
		t.want += e
	}
	return t
}

// add notes n records of a partition whose offsets have a sum.
func (t *tally) add(partition int, n, offsets int64) {
	before := t.n.Add(n) - n
	p := &t.parts[partition]
	p.n.Add(n)
	p.offsets.Add(offsets)
	if before < t.want && before+n >= t.want {
		t.last = take()
		close(t.done)
	}
}

// one notes one record.
func (t *tally) one(partition int, offset int64) { t.add(partition, 1, offset) }

// check returns an error unless every record came once.
func (t *tally) check() error {
	for p, end := range t.ends {
		n, offsets := t.parts[p].n.Load(), t.parts[p].offsets.Load()
		if n != end || offsets != end*(end-1)/2 {
			return fmt.Errorf("partition %d: %d records whose offsets add up to %d; want %d, %d", p, n, offsets, end, end*(end-1)/2)
		}
	}
	return nil
}
