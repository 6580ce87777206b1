package feed

import (
	"slices"

	"github.com/cordon-iot/cordon"
)

// Range is a run of offsets of one partition.
type Range struct{ First, Last int64 }

func (r Range) size() int64 { return r.Last - r.First + 1 }

// Ranges are the records sent, per partition: runs in ascending order. Records
// of others may lie between them.
type Ranges map[int][]Range

func (r Ranges) add(at []cordon.Position) {
	for _, p := range at {
		runs := r[p.Partition]
		if n := len(runs); n > 0 && runs[n-1].Last+1 == p.Offset {
			runs[n-1].Last = p.Offset
			continue
		}
		r[p.Partition] = append(runs, Range{p.Offset, p.Offset})
	}
}

// span is from the first record of a partition to the last.
func (r Ranges) span(partition int) Range {
	runs := r[partition]
	return Range{runs[0].First, runs[len(runs)-1].Last}
}

func (r Ranges) has(p cordon.Position) bool {
	_, ok := slices.BinarySearchFunc(r[p.Partition], p.Offset, func(x Range, offset int64) int {
		switch {
		case x.Last < offset:
			return -1
		case x.First > offset:
			return 1
		}
		return 0
	})
	return ok
}

func (r Ranges) size() int64 {
	var n int64
	for _, runs := range r {
		for _, x := range runs {
			n += x.size()
		}
	}
	return n
}
