package wkafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"
)

// Consume joins the group and runs f for every partition it is given, each in
// its own goroutine, until ctx ends; then it returns nil. f's ctx ends when the
// generation is over or ctx ends: f should finish what it has in hand, commit
// with a context of its own, and return well within the rebalance timeout. The
// group gives the partition to nobody before f has returned, unless this
// process loses its session. An error of f other than ErrFenced ends Consume
// with that error; when f returns nil early, the partition rests until the next
// generation.
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
	if ctx.Err() != nil {
		return nil
	}
	group, err := kafka.NewConsumerGroup(c.cfg.group())
	if err != nil {
		return err
	}
	defer func() { _ = group.Close() }() // always nil; waits for the workers and leaves
	return c.generations(ctx, group)
}

// awaitTopics waits until every topic exists: kafka-go would join, find
// nothing to do, and join again without rest.
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

// generations hands every generation to the workers until ctx ends.
func (c *consumer) generations(ctx context.Context, group *kafka.ConsumerGroup) error {
	var retry backoff
	for {
		gen, err := group.Next(ctx)
		if ctx.Err() != nil {
			return failure(ctx)
		}
		if err == nil {
			retry = backoff{}
			gen.Start(func(gctx context.Context) { c.generation(ctx, gctx, gen) })
			continue
		}
		if permanent(err) {
			return fmt.Errorf("join: %w", err)
		}
		c.cfg.Hooks.retry("join")
		if retry.speak() && !errors.Is(err, kafka.RebalanceInProgress) {
			c.cfg.Log.Warn("cannot join the group; trying again: is the broker up?", "group", c.cfg.Group, "err", err)
		}
		if !retry.wait(ctx) {
			return failure(ctx)
		}
	}
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

// generation works on the partitions of gen. It must not return before gctx
// ends, since kafka-go ends the generation when any function of it returns.
func (c *consumer) generation(ctx, gctx context.Context, gen *kafka.Generation) {
	defer func() { <-gctx.Done() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(gctx, cancel)()
	g := &generation{cluster: c.cluster, group: gen.GroupID, id: int(gen.ID), member: gen.MemberID}
	claims, ok := c.claims(ctx, g, gen)
	if !ok {
		return
	}
	if c.cfg.Hooks.Assigned != nil {
		c.cfg.Hooks.Assigned(len(claims))
	}
	c.cfg.Log.Debug("generation begins", "group", g.group, "generation", g.id, "partitions", len(claims))
	var wg sync.WaitGroup
	for _, cl := range claims {
		wg.Go(func() { c.work(ctx, cl) })
	}
	wg.Wait()
}

func (c *consumer) work(ctx context.Context, cl *Claim) {
	defer cl.stop()
	err := c.f(ctx, cl)
	switch {
	case err == nil, errors.Is(err, ErrFenced):
	case ctx.Err() == nil:
		c.fail(fmt.Errorf("%s: %w", name(cl.Topic, cl.Partition), err))
	case !errors.Is(err, context.Canceled):
		c.cfg.Log.Warn("partition given up with an error", "topic", cl.Topic, "partition", cl.Partition, "err", err)
	}
}

// claims makes a Claim of every partition of gen. It retries until ctx ends.
func (c *consumer) claims(ctx context.Context, g *generation, gen *kafka.Generation) ([]*Claim, bool) {
	var retry backoff
	for {
		claims, err := c.tryClaims(ctx, g, gen)
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
		c.cluster.refresh()
		if !retry.wait(ctx) {
			return nil, false
		}
	}
}

func (c *consumer) tryClaims(ctx context.Context, g *generation, gen *kafka.Generation) ([]*Claim, error) {
	found, err := g.positions(ctx, gen)
	if err != nil {
		return nil, err
	}
	var claims []*Claim
	for topic, positions := range found {
		for _, p := range positions {
			cl := &Claim{Topic: topic, Partition: p.partition, Start: p.offset, Committed: p.offset >= 0, Metadata: p.metadata, gen: g}
			if !cl.Committed {
				if cl.Start, err = c.cluster.offset(ctx, topic, p.partition, kafka.FirstOffset); err != nil {
					return nil, err
				}
			}
			claims = append(claims, c.equip(cl))
		}
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
	cl.reader = r
	return cl
}
