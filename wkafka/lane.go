package wkafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// lane writes one partition: one batch at a time, made of all that waits.
type lane struct {
	p         *Publisher
	topic     string
	partition int
	ctx       context.Context // ends when the lane is closed
	cancel    context.CancelFunc
	end       atomic.Int64 // offset after the last record known to be appended, or -1
	head      []byte
	idle      atomic.Int32 // ticks of the publisher's watch since the last batch

	mu     sync.Mutex
	some   sync.Cond // a job was queued, or the lane closed
	queue  []*job    // bounded by the publisher's budget
	closed error     // why no job is taken any more

	// Owned by run.
	leader leader
	enc    *encoder
	id     producer
	valid  bool  // id has been given by a broker
	floor  int64 // no batch of id that is not known to be appended is below it
	most   int   // bytes of a batch, before compression
	limit  int   // bytes of a batch that the topic takes; 0: not known
	taken  []*job
	parts  []part
}

func newLane(p *Publisher, topic string, partition int) *lane {
	head := produceHead(p.cfg.ClientID, topic, partition)
	l := &lane{
		p: p, topic: topic, partition: partition,
		head: head, leader: p.cluster.leader(topic, partition),
		enc: newEncoder(p.cfg.Compression, produceRoom(head)), most: p.cfg.MaxBatchBytes,
	}
	l.some.L = &l.mu
	l.ctx, l.cancel = context.WithCancel(p.ctx)
	l.end.Store(-1)
	return l
}

// enqueue hands j to the lane, or finishes it.
func (l *lane) enqueue(j *job) {
	l.mu.Lock()
	err := l.closed
	if err == nil {
		j.queued = true
		l.queue = append(l.queue, j)
		l.some.Signal()
	}
	l.mu.Unlock()
	if err != nil {
		j.err = err
		j.finish()
	}
}

// withdraw takes j back if it waits still, and finishes it with err.
func (l *lane) withdraw(j *job, err error) {
	l.mu.Lock()
	queued := j.queued
	if i := slices.Index(l.queue, j); queued && i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		j.queued = false
		j.err = err
	}
	l.mu.Unlock()
	if queued {
		j.finish()
	}
}

// close makes the lane end when it has finished what it has taken. What waits,
// and what is handed to it later, is finished with err.
func (l *lane) close(err error) {
	l.cancel()
	l.mu.Lock()
	rest := l.queue
	l.queue, l.closed = nil, err
	l.some.Signal()
	for _, j := range rest {
		j.queued, j.err = false, err
	}
	l.mu.Unlock()
	for _, j := range rest {
		j.finish()
	}
}

func (l *lane) run() {
	for l.take() {
		l.write()
		clear(l.taken)
		clear(l.parts)
	}
}

// take waits for jobs and takes those that go into one batch, in their order.
// It reports false when the lane is closed.
func (l *lane) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && l.closed == nil {
		l.some.Wait()
	}
	l.taken = l.taken[:0]
	size := 0
	for _, j := range l.queue {
		if n := len(l.taken); n > 0 && (size+j.bytes > l.most || !l.taken[0].mixes(j)) {
			break
		}
		j.queued = false
		l.taken = append(l.taken, j)
		size += j.bytes
	}
	l.queue = slices.Delete(l.queue, 0, len(l.taken))
	return len(l.taken) > 0
}

// mixes reports whether j and k may go into one batch. If a call that AppendIf
// guards is refused when the outcome of its batch is not known, the others of
// the batch cannot be repeated without it; so they are of its kind.
func (j *job) mixes(k *job) bool {
	return (j.call.allowed == nil) == (k.call.allowed == nil)
}

// write appends what was taken as one batch and tells the callers. Jobs whose
// caller has gone are not written.
func (l *lane) write() {
	l.parts = l.parts[:0]
	for _, j := range l.taken {
		if j.err = j.call.ctx.Err(); j.err == nil {
			j.err = j.blocked()
		}
		if j.err == nil {
			l.parts = append(l.parts, j.all())
		}
	}
	if len(l.parts) > 0 {
		l.send()
	}
	for _, j := range l.taken {
		if j != nil {
			l.finish(j)
		}
	}
}

func (l *lane) finish(j *job) {
	if j.err != nil {
		j.err = fmt.Errorf("%s: %w", name(l.topic, l.partition), j.err)
	}
	j.finish()
}

// dismiss finishes a job that was taken with err, before its batch ends.
func (l *lane) dismiss(j *job, err error) {
	if i := slices.Index(l.taken, j); i >= 0 {
		l.taken[i] = nil
		j.err = err
		l.finish(j)
	}
}

// send appends l.parts and sets the errors of their jobs.
func (l *lane) send() {
	if x := l.parts[0]; len(l.parts) == 1 && x.n > 1 && x.bytes() > l.most {
		l.fit(x)
		return
	}
	left, err := l.deliver(l.parts)
	if tooLarge(err) {
		l.refit(left, err)
		return
	}
	for _, x := range left {
		x.j.err = err
	}
}
