package wkafka

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// call is one Append: its records, shared out into jobs.
type call struct {
	ctx     context.Context
	recs    []Record
	done    []Appended
	allowed func() error // of AppendIf; nil: always
	now     int64        // for records without a time, or noTime
	jobs    []job
	left    atomic.Int32  // jobs not finished
	end     chan struct{} // receives one value when there are none

	// Scratch space of split.
	order  []int32 // records by partition
	where  []int32 // partition of each record
	counts []int32 // per partition
}

// job is the part of a call that goes to one partition, as one batch.
type job struct {
	call  *call
	lane  *lane
	order []int32 // which records of the call; nil: all
	from  int     // of order, or of the call's records
	n     int
	bytes int
	// after says that the call's job before this one has the records that come
	// before these in the partition.
	after bool
	index int // in the call
	err   error

	queued bool // guarded by lane.mu: the lane has not taken it
}

// part is some records of a job, in order.
type part struct {
	j    *job
	from int
	n    int
}

func (j *job) all() part { return part{j, j.from, j.n} }

func (x part) len() int { return x.n }

// at is the number in the call of x's record i.
func (x part) at(i int) int {
	if x.j.order == nil {
		return x.from + i
	}
	return int(x.j.order[x.from+i])
}

func (x part) record(i int) *Record { return &x.j.call.recs[x.at(i)] }

func (x part) time(i int) int64 { return timestamp(x.record(i).Time, x.j.call.now) }

// bytes is an upper bound of what x takes in a batch.
func (x part) bytes() int {
	if x.n == x.j.n {
		return x.j.bytes
	}
	size := 0
	for i := range x.n {
		size += x.record(i).size()
	}
	return size
}

// set notes that x stands at base in the partition.
func (x part) set(base int64) {
	for i := range x.n {
		x.j.call.done[x.at(i)] = Appended{Partition: x.j.lane.partition, Offset: base + int64(i)}
	}
}

// detached returns a copy of x that does not need the caller's memory, and
// whose outcome nobody waits for.
func (x part) detached() part {
	c := &call{ctx: context.Background(), now: x.j.call.now, done: make([]Appended, x.n), allowed: x.j.call.allowed}
	for i := range x.n {
		r := *x.record(i)
		r.Key, r.Value, r.Headers = bytes.Clone(r.Key), bytes.Clone(r.Value), slices.Clone(r.Headers)
		for h := range r.Headers {
			r.Headers[h].Value = bytes.Clone(r.Headers[h].Value)
		}
		c.recs = append(c.recs, r)
	}
	return part{&job{call: c, lane: x.j.lane, n: x.n, bytes: x.bytes()}, 0, x.n}
}

// finish tells the call that j is done, as j.err says. j is not to be used any
// more.
func (j *job) finish() {
	c := j.call
	if c.left.Add(-1) == 0 {
		c.end <- struct{}{}
	}
}

// calls keeps the scratch space of calls for the next ones.
type calls struct{ pool sync.Pool }

func (p *calls) take(ctx context.Context, recs []Record) *call {
	c, _ := p.pool.Get().(*call)
	if c == nil {
		c = &call{end: make(chan struct{}, 1)}
	}
	c.ctx, c.recs, c.now = ctx, recs, noTime
	c.done = make([]Appended, len(recs))
	for i := range c.done {
		c.done[i].Offset = -1
	}
	return c
}

func (p *calls) give(c *call) {
	clear(c.jobs)
	c.ctx, c.recs, c.done, c.allowed, c.jobs = nil, nil, nil, nil, c.jobs[:0]
	p.pool.Put(c)
}

// split shares the records out to lanes, in jobs of at most most bytes. Records
// without a key go to partition keyless.
func (c *call) split(lanes []*lane, keyless, most int) {
	if len(lanes) == 1 || len(c.recs) == 1 {
		c.cut(lanes[c.partition(0, len(lanes), keyless)], nil, 0, len(c.recs), most)
		return
	}
	n := len(c.recs)
	c.order, c.where, c.counts = sized(c.order, n), sized(c.where, n), sized(c.counts, len(lanes)+1)
	clear(c.counts)
	for i := range c.recs {
		p := c.partition(i, len(lanes), keyless)
		c.where[i] = int32(p)
		c.counts[p+1]++
	}
	for p := range lanes {
		c.counts[p+1] += c.counts[p]
	}
	for i, p := range c.where {
		c.order[c.counts[p]] = int32(i)
		c.counts[p]++ // now where the next partition begins
	}
	from := 0
	for p, l := range lanes {
		to := int(c.counts[p])
		c.cut(l, c.order, from, to, most)
		from = to
	}
}

func (c *call) partition(i, partitions, keyless int) int {
	if c.recs[i].Key == nil {
		return keyless
	}
	return PartitionOf(c.recs[i].Key, partitions)
}

// cut adds the jobs for records from to before to of order, which go to l.
func (c *call) cut(l *lane, order []int32, from, to, most int) {
	for first := from; from < to; {
		j := job{call: c, lane: l, order: order, from: from, after: from > first, index: len(c.jobs)}
		for ; from < to; from++ {
			size := part{j: &j, from: from}.record(0).size()
			if j.n > 0 && j.bytes+size > most {
				break
			}
			j.n++
			j.bytes += size
		}
		c.jobs = append(c.jobs, j)
	}
}

// blocked returns the error of the records that come before j's, if they were
// not appended: then j's must not be either.
func (j *job) blocked() error {
	if !j.after {
		return nil
	}
	if err := j.call.jobs[j.index-1].err; err != nil {
		return fmt.Errorf("not sent, since a record before it was not appended: %w", err)
	}
	return nil
}

// sized returns b, or a new one, with n elements of any value.
func sized(b []int32, n int) []int32 {
	if cap(b) >= n {
		return b[:n]
	}
	return make([]int32, n)
}
