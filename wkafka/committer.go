package wkafka

import (
	"context"
	"sync"
	"time"
)

// commit is a position of the group in a partition.
type commit struct {
	next     int64
	metadata string
}

// committer stores the positions of one claim, one request at a time. A
// position that waits is replaced by the next one.
type committer struct {
	store func(context.Context, commit) error

	mu      sync.Mutex
	pending *commit
	idle    chan struct{} // closed when nothing is being stored; nil: nothing ever was
	err     error         // of a commit that nobody waited for
}

// later stores m in the background. It returns the error of an earlier commit.
func (c *committer) later(ctx context.Context, m commit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.pending = &m
	if !c.busy() {
		c.idle = make(chan struct{})
		go c.run(ctx, c.idle)
	}
	return nil
}

// now stores m when what is being stored is. It replaces what waits.
func (c *committer) now(ctx context.Context, m commit) error {
	c.mu.Lock()
	c.pending = nil
	c.mu.Unlock()
	if err := c.flush(ctx); err != nil {
		return err
	}
	return c.store(ctx, m)
}

// flush waits until everything is stored, and returns the error of a commit
// that nobody waited for.
func (c *committer) flush(ctx context.Context) error {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// busy reports whether run is running. The caller holds mu.
func (c *committer) busy() bool {
	if c.idle == nil {
		return false
	}
	select {
	case <-c.idle:
		return false
	default:
		return true
	}
}

// run stores what waits until nothing does.
func (c *committer) run(ctx context.Context, idle chan struct{}) {
	for {
		c.mu.Lock()
		m := c.pending
		c.pending = nil
		if m == nil || c.err != nil {
			close(idle)
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		grace, cancel := withGrace(ctx, finalCommitTimeout)
		err := c.store(grace, *m)
		cancel()
		if err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
		}
	}
}

// withGrace returns a context that ends d after ctx does.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return own, func() { stop(); cancel() }
}
