package wkafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Consume joins the group and runs f for every partition it is given, each in
// its own goroutine, until ctx ends; then it returns nil. f's ctx ends when the
// partition is taken away or ctx ends: f should finish what it has in hand,
// commit with a context of its own, and return well within the rebalance
// timeout. The group gives the partition to nobody before f has returned, unless
// this process loses its session, or f takes longer than that. An error of f
// other than ErrFenced ends Consume with that error; when f returns nil early,
// the partition rests until the next generation.
//
// Members come and go without disturbing others: partitions that stay where
// they are go on, with the same Claim (KIP-429). The same partition number of
// every topic goes to the same member. All members of a group must use this
// package, in a version that does so: the coordinator refuses others with
// INCONSISTENT_GROUP_PROTOCOL, and this one too while others are there; it then
// waits until they are gone.
func Consume(ctx context.Context, cfg ConsumerConfig, f func(ctx context.Context, c *Claim) error) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &consumer{cfg: cfg, cluster: newCluster(cfg.Config), f: f, stop: cancel}
	defer c.cluster.close()
	if err := c.run(ctx); err != nil {
		return fmt.Errorf("group %s: %w", cfg.Group, err)
	}
	return nil
}

type consumer struct {
	cfg     ConsumerConfig
	cluster *cluster
	f       func(context.Context, *Claim) error
	stop    context.CancelCauseFunc
}

// fail ends Consume with err.
func (c *consumer) fail(err error) { c.stop(&workerError{err}) }

func (c *consumer) run(ctx context.Context) error {
	if err := c.awaitTopics(ctx); err != nil {
		return err
	}
	return c.memberships(ctx)
}

// awaitTopics waits until every topic exists: a member of a group that has
// nothing to share out looks as if it worked.
func (c *consumer) awaitTopics(ctx context.Context) error {
	for _, topic := range c.cfg.Topics {
		var retry backoff
		for {
			_, err := c.cluster.partitions(ctx, topic)
			if err == nil {
				break
			}
			if permanent(err) {
				return fmt.Errorf("topic %s: %w", topic, err)
			}
			if retry.speak() {
				c.cfg.Log.Warn("topic is not there yet; waiting: is the broker up, was the topic created?",
					"topic", topic, "brokers", c.cfg.Brokers, "err", err)
			}
			if !retry.wait(ctx) {
				return nil
			}
			c.cluster.refresh()
		}
	}
	return nil
}

// memberships joins the group, and again after each lost session, until ctx
// ends.
func (c *consumer) memberships(ctx context.Context) error {
	// Heartbeats have connections of their own: they must not wait behind, nor
	// end with, those that fetch.
	own := newCluster(c.cfg.Config)
	defer own.close()
	co := &coordinator{cluster: own, group: c.cfg.Group, instance: c.cfg.GroupInstanceID}
	var retry backoff
	id := ""
	for ctx.Err() == nil {
		m := newMembership(ctx, c, co, id)
		lost, err := m.run(ctx)
		if ctx.Err() != nil {
			return failure(ctx)
		}
		if err != nil {
			return err
		}
		c.cfg.Log.Warn("the group's session is lost; joining anew", "group", c.cfg.Group, "err", lost)
		if id = ""; errors.Is(lost, errExpired) {
			at, _ := m.session.place()
			id = at.member // the coordinator may still know it
		}
		if m.beating {
			retry = backoff{}
		}
		retry.wait(ctx)
	}
	return failure(ctx)
}

// workerError is the cause of a context that a worker ended. Whatever else
// ended it was asked for from outside.
type workerError struct{ err error }

func (e *workerError) Error() string { return e.err.Error() }

// failure is what ended ctx, if that was a worker's error.
func failure(ctx context.Context) error {
	var w *workerError
	if errors.As(context.Cause(ctx), &w) {
		return w.err
	}
	return nil
}

// work runs the consumer's function and returns its error if that is no reason
// to end Consume.
func (c *consumer) work(ctx context.Context, cl *Claim) error {
	defer cl.stop()
	err := c.f(ctx, cl)
	switch {
	case err == nil, errors.Is(err, ErrFenced):
	case ctx.Err() == nil:
		c.fail(fmt.Errorf("%s: %w", name(cl.Topic, cl.Partition), err))
	case !errors.Is(err, context.Canceled):
		c.cfg.Log.Warn("partition given up with an error", "topic", cl.Topic, "partition", cl.Partition, "err", err)
	}
	return err
}

// claims makes a Claim of every hold, in the same order. It retries until ctx
// ends.
func (c *consumer) claims(ctx context.Context, co *coordinator, holds []*hold) ([]*Claim, bool) {
	var retry backoff
	for {
		claims, err := c.tryClaims(ctx, co, holds)
		if err == nil {
			return claims, true
		}
		if permanent(err) {
			c.fail(err)
			return nil, false
		}
		if retry.speak() && ctx.Err() == nil {
			c.cfg.Log.Warn("cannot read the group's offsets; trying again", "group", c.cfg.Group, "err", err)
		}
		if !retry.wait(ctx) {
			return nil, false
		}
	}
}

func (c *consumer) tryClaims(ctx context.Context, co *coordinator, holds []*hold) ([]*Claim, error) {
	want := partitions{}
	for _, h := range holds {
		want.add(h.topic, h.partition)
	}
	found, err := co.positions(ctx, want)
	if err != nil {
		return nil, err
	}
	at := make(map[tp]position, len(found))
	for _, p := range found {
		at[tp{p.topic, p.partition}] = p
	}
	claims := make([]*Claim, len(holds))
	for i, h := range holds {
		p := at[tp{h.topic, h.partition}]
		cl := &Claim{Topic: h.topic, Partition: h.partition, Start: p.offset, Committed: p.offset >= 0, Metadata: p.metadata, hold: h, co: co}
		if !cl.Committed {
			if cl.Start, err = c.cluster.offset(ctx, h.topic, h.partition, kafka.FirstOffset); err != nil {
				return nil, err
			}
		}
		claims[i] = c.equip(cl)
	}
	return claims, nil
}

// equip gives cl what it needs to read.
func (c *consumer) equip(cl *Claim) *Claim {
	cl.committed, cl.reset, cl.log, cl.hooks = cl.Start, c.cfg.ResetOutOfRange, c.cfg.Log, c.cfg.Hooks
	cl.commits = &committer{store: cl.store}
	r := newReader(c.cluster, cl.Topic, cl.Partition, cl.Start)
	r.maxRecords, r.maxBytes, r.maxWait = c.cfg.MaxRecords, c.cfg.MaxBytes, c.cfg.MaxWait
	r.retried = func() { c.cfg.Hooks.retry("fetch") }
	r.trouble = func(err error) { c.cfg.Log.Warn("cannot fetch; trying again: is the broker up?", "err", err) }
	r.stalled = func(s Stall) { report(c.cfg.Hooks, c.cfg.Log, s) }
	cl.reader = r
	return cl
}
