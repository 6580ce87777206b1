package wkafka

import (
	"context"
	"sync/atomic"
)

// job is the part of one Append that goes to one partition.
type job struct {
	ctx   context.Context // of the Append
	lane  *lane
	recs  []*Record
	where []*Appended
	bytes int

	done chan struct{} // closed when err is set
	err  error
}

func newJob(ctx context.Context, l *lane) *job {
	return &job{ctx: ctx, lane: l, done: make(chan struct{})}
}

func (j *job) add(r *Record, where *Appended, size int) {
	j.recs = append(j.recs, r)
	j.where = append(j.where, where)
	j.bytes += size
}

func (j *job) finish(err error) {
	j.err = err
	close(j.done)
}

// wait returns when j is finished, with its error. A lane that has stopped has
// finished what it took and will not take what is left in its queue.
func (j *job) wait() error {
	select {
	case <-j.done:
		return j.err
	case <-j.lane.stopped:
	}
	select {
	case <-j.done:
		return j.err
	default:
		return ErrClosed
	}
}

// waitingFor returns a context that ends when p or the contexts of all jobs end.
func waitingFor(p context.Context, jobs []*job) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(p)
	left := new(atomic.Int64)
	left.Store(int64(len(jobs)))
	var stops []func() bool
	for _, j := range jobs {
		stops = append(stops, context.AfterFunc(j.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
