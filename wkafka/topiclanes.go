package wkafka

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// topicLanes are the partitions of one topic, by number.
type topicLanes struct {
	lanes []*lane
	fewer int // how often in turn the topic had fewer partitions; owned by watch
}

// goneAfter is how often in turn a topic must have fewer partitions before it
// is taken for a new topic of that name: brokers may be behind, too.
const goneAfter = 3

// known returns the lanes of topic, or nil.
func (p *Publisher) known(topic string) *topicLanes {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.topics[topic]
}

// lanes returns the lanes of topic; it waits until the topic exists.
func (p *Publisher) lanes(ctx context.Context, topic string) (*topicLanes, error) {
	if p.ctx.Err() != nil {
		return nil, ErrClosed
	}
	if t := p.known(topic); t != nil {
		return t, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrClosed) })()
	n, err := p.awaitTopic(ctx, topic)
	if err != nil {
		return nil, err
	}
	return p.open(topic, n)
}

func (p *Publisher) awaitTopic(ctx context.Context, topic string) (int, error) {
	var retry backoff
	for {
		since := p.links.Load()
		n, err := p.cluster.partitions(ctx, topic)
		if err == nil || permanent(err) {
			return n, err
		}
		if retry.speak() && ctx.Err() == nil {
			p.cfg.Log.Warn("cannot write to topic yet; waiting: is the broker up, was the topic created?", "topic", topic, "err", err)
		}
		p.cfg.Hooks.retry("produce")
		p.relink(since, err)
		if !retry.wait(ctx) {
			return 0, errors.Join(context.Cause(ctx), err)
		}
	}
}

// open starts the lanes of topic, unless another goroutine has.
func (p *Publisher) open(topic string, partitions int) (*topicLanes, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if t := p.topics[topic]; t != nil {
		return t, nil
	}
	if !p.watched {
		p.watched = true
		p.wg.Go(p.watch)
	}
	t := &topicLanes{lanes: p.start(topic, nil, partitions)}
	p.topics[topic] = t
	return t, nil
}

// start returns lanes and new ones behind them, partitions in all.
func (p *Publisher) start(topic string, lanes []*lane, partitions int) []*lane {
	all := append(make([]*lane, 0, partitions), lanes...)
	for len(all) < partitions {
		l := newLane(p, topic, len(all))
		all = append(all, l)
		p.wg.Go(l.run)
	}
	return all
}

// watch notices partitions that topics have gained or lost, until the publisher
// is closed. It asks nobody: the connections know.
//
// Growing a topic moves keys to other partitions, for this producer as for all
// others. Who needs the order of a key never does it.
func (p *Publisher) watch() {
	tick := time.NewTicker(partitionWatch)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return
		}
		for _, t := range p.tick() {
			if n, err := p.cluster.partitions(p.ctx, t); err == nil {
				p.resize(t, n)
			}
		}
	}
}

// tick tells the lanes that time goes by, and returns their topics.
func (p *Publisher) tick() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	topics := make([]string, 0, len(p.topics))
	for name, t := range p.topics {
		topics = append(topics, name)
		for _, l := range t.lanes {
			l.idle.Add(1)
		}
	}
	return topics
}

// resize makes the lanes of topic as many as its partitions.
func (p *Publisher) resize(topic string, partitions int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.topics[topic]
	had := len(t.lanes)
	if t.fewer++; partitions >= had {
		t.fewer = 0
	}
	switch {
	case p.closed || partitions == had || partitions < had && t.fewer < goneAfter:
		return
	case partitions > had:
		p.topics[topic] = &topicLanes{lanes: p.start(topic, t.lanes, partitions)}
	default:
		gone := fmt.Errorf("the topic was created anew with %d partitions, and had %d; what was for the others is to be appended again", partitions, had)
		for _, l := range t.lanes[partitions:] {
			l.close(gone)
		}
		p.topics[topic] = &topicLanes{lanes: t.lanes[:partitions:partitions]}
	}
	p.cfg.Log.Info("partitions of topic changed", "topic", topic, "before", had, "now", partitions)
}
