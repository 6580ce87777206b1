package stream

import (
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
)

// Progress is how far a process is with what it reads before it works on new
// records.
type Progress struct {
	Partitions int   // that are being restored
	Left       int64 // records still to read
}

// progress adds up what all assignments of a Run have left.
type progress struct {
	tell func(Progress) // may be nil

	mu   sync.Mutex
	left map[cordon.Position]int64 // by partition, offset 0
}

func newProgress(tell func(Progress)) *progress {
	return &progress{tell: tell, left: make(map[cordon.Position]int64)}
}

// set notes that n records of a partition are left, and tells the sum.
func (p *progress) set(topic string, partition int, n int64) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := cordon.Position{Topic: topic, Partition: partition}
	if p.left[at] = n; n <= 0 {
		delete(p.left, at)
	}
	sum := Progress{Partitions: len(p.left)}
	for _, n := range p.left {
		sum.Left += n
	}
	p.tell(sum)
}

// How often progress is shown, in records.
const (
	showEvery = 5_000
	logEvery  = 250_000
)

// reading shows how far one reading of the log is.
type reading struct {
	a     *assignment
	what  string
	from  int64
	until int64
	shown int64
	said  int64
	left  int64 // of those of the assignment
	began time.Time
}

// reads begins to show the reading of topic/partition from one offset to
// before another.
func (a *assignment) reads(what string, from, until int64) *reading {
	r := &reading{a: a, what: what, from: from, until: until, shown: from, said: from, began: a.r.cfg.Metrics.clock()}
	if until-from >= logEvery {
		a.log().Info(what+": reading", "from", from, "until", until, "records", until-from)
	}
	r.show(from)
	return r
}

// at notes that offset is done with.
func (r *reading) at(offset int64) {
	if offset-r.shown < showEvery {
		return
	}
	r.shown = offset
	r.show(offset)
	if offset-r.said >= logEvery {
		r.said = offset
		r.a.log().Info(r.what+": reading", "done", offset-r.from, "left", r.until-offset)
	}
}

func (r *reading) show(offset int64) {
	r.a.showing.Lock()
	defer r.a.showing.Unlock()
	n := max(r.until-offset, 0)
	r.a.left += n - r.left
	left := r.a.left
	r.left = n
	r.a.r.progress.set(r.a.claim.Topic, r.a.claim.Partition, left)
	r.a.r.cfg.Metrics.states().restoring(r.a.r.cfg.Group, r.a.claim.Topic, r.a.claim.Partition, left)
}

// done ends it.
func (r *reading) done() {
	r.show(r.until)
	if n := r.until - r.from; n >= logEvery {
		r.a.log().Info(r.what+": done", "records", n, "took", r.a.r.cfg.Metrics.clock().Sub(r.began).Round(time.Millisecond))
	}
}
