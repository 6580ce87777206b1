package wkafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Claim is one partition held by this consumer, from when its group assigns it
// until it is taken away; generations come and go meanwhile. All methods but
// Lease belong to the goroutine that the claim was given to.
type Claim struct {
	Topic     string
	Partition int
	Start     int64  // first offset to read: the committed one, or the start of the log
	Committed bool   // whether the group had committed an offset
	Metadata  string // of that commit

	hold   *hold
	co     *coordinator
	reader *PartitionReader
	reset  bool // on records that are gone: go on where the log starts
	log    *slog.Logger
	hooks  Hooks

	ahead     *prefetch
	committed int64 // lowest offset that may be committed
	commits   *committer
}

// Fetch returns the next records of the partition in order, at least one. It
// blocks until there are some or ctx ends; nothing is lost when ctx ends. The
// batch after the one returned is fetched in the background meanwhile.
func (c *Claim) Fetch(ctx context.Context) (Batch, error) {
	for {
		select {
		case f := <-c.incoming():
			b, err := c.accept(f)
			if err != nil || len(b.Records) > 0 {
				return b, err
			}
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// incoming is where the next batch will arrive. What arrives goes to accept.
func (c *Claim) incoming() <-chan fetched {
	if c.ahead == nil {
		c.ahead = startPrefetch(c.reader)
	}
	return c.ahead.out
}

// accept returns the batch of f. It is empty when records that are gone were
// passed over.
func (c *Claim) accept(f fetched) (Batch, error) {
	if f.err == nil {
		return f.batch, nil
	}
	c.stop()
	var gone *OutOfRangeError
	if !errors.As(f.err, &gone) || !c.reset || gone.Offset > gone.End {
		return Batch{}, f.err
	}
	c.hooks.lost(gone.Start - gone.Offset)
	c.log.Error("records were removed before they were read; going on where the log starts",
		"topic", c.Topic, "partition", c.Partition, "lost", gone.Start-gone.Offset, "err", gone)
	c.reader.SeekTo(gone.Start)
	return Batch{}, nil
}

// SeekTo makes offset the next one that Fetch returns. It does not change what
// may be committed.
func (c *Claim) SeekTo(offset int64) {
	c.stop()
	c.reader.SeekTo(offset)
}

// Commit stores next, the offset to go on from, and metadata for the group. It
// returns when the coordinator has stored both, and retries until ctx ends.
// errors.Is(err, ErrFenced) means that the partition is no longer this
// consumer's and nothing was stored. A position before the last one committed
// is refused.
func (c *Claim) Commit(ctx context.Context, next int64, metadata string) error {
	if err := c.advance(next); err != nil {
		return err
	}
	return c.commits.now(ctx, commit{next, metadata})
}

// commitLater is Commit that does not wait: of several that follow each other
// quickly only the last is stored. It returns the error of an earlier one. The
// commit still has a few seconds when ctx ends.
func (c *Claim) commitLater(ctx context.Context, next int64, metadata string) error {
	if err := c.advance(next); err != nil {
		return err
	}
	return c.commits.later(ctx, commit{next, metadata})
}

// advance notes that next is to be committed.
func (c *Claim) advance(next int64) error {
	if next < c.committed {
		return fmt.Errorf("commit %s at %d: would go back from %d", name(c.Topic, c.Partition), next, c.committed)
	}
	c.committed = next
	return nil
}

// Lease returns nil while this member certainly holds the partition: the group
// has not taken it away, and, by ConsumerConfig.Now, less has passed than four
// fifths
//
//   - of the session timeout since the last heartbeat, join or sync was sent
//     that the coordinator answered, if only that a rebalance is going on;
//   - of the rebalance timeout since the last request was sent whose answer says
//     that none was: a heartbeat without an error, or the sync. The coordinator
//     drops a member that it hears of but that does not join in time.
//
// (Without Now time is not looked at.) Otherwise the error errors.Is ErrFenced,
// this Claim stays fenced, and its context ends; if the group has not given the
// partition away after all, the consumer's function is called anew. A partition
// that is being taken away is held until the function returns or the lease
// ends.
//
// Ask right before a write that only the holder may do: a process that was
// stopped for longer than its session learns here that it has a successor. Any
// goroutine may call Lease.
func (c *Claim) Lease() error {
	if err := c.hold.lease(); err != nil {
		return fmt.Errorf("%s: %w (%w)", name(c.Topic, c.Partition), ErrFenced, err)
	}
	return nil
}

// store asks the coordinator to store m until it has answered.
func (c *Claim) store(ctx context.Context, m commit) error {
	var retry backoff
	for {
		err := c.tryStore(ctx, m)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrFenced), permanent(err):
			return fmt.Errorf("commit %s at %d: %w", name(c.Topic, c.Partition), m.next, err)
		}
		c.hooks.retry("commit")
		if !retry.wait(ctx) {
			return fmt.Errorf("commit %s at %d: %w", name(c.Topic, c.Partition), m.next, errors.Join(ctx.Err(), err))
		}
	}
}

// tryStore asks once. That another generation begins does not matter to a
// partition that is held: the next attempt carries it.
func (c *Claim) tryStore(ctx context.Context, m commit) error {
	at, err := c.hold.place()
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrFenced, err)
	}
	err = c.co.commit(ctx, at, c.Topic, c.Partition, m)
	if expelled(err) {
		c.hold.session.lose(fmt.Errorf("commit: %w", err))
		return fmt.Errorf("%w (%w)", ErrFenced, err)
	}
	return err
}

func (c *Claim) stop() {
	if c.ahead != nil {
		c.ahead.stop()
		c.ahead = nil
	}
}

// prefetch reads one batch ahead of its consumer in a goroutine of its own.
type prefetch struct {
	cancel context.CancelFunc
	out    chan fetched // unbuffered: the goroutine holds the batch ahead
	done   chan struct{}
}

type fetched struct {
	batch Batch
	err   error
}

func startPrefetch(r *PartitionReader) *prefetch {
	ctx, cancel := context.WithCancel(context.Background())
	p := &prefetch{cancel: cancel, out: make(chan fetched), done: make(chan struct{})}
	go p.run(ctx, r)
	return p
}

// run ends after an error: the consumer sees it and decides.
func (p *prefetch) run(ctx context.Context, r *PartitionReader) {
	defer close(p.done)
	for {
		b, err := r.Fetch(ctx)
		select {
		case p.out <- fetched{b, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *prefetch) stop() {
	p.cancel()
	<-p.done
}
