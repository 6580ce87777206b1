package wkafka

import (
	"context"
	"errors"
	"sync"
	"time"
)

// membership is one session in the group and the partitions that come and go
// with it. Rebalances are cooperative: who has to give up a partition gives it
// up and joins again; all others go on.
type membership struct {
	*consumer
	co      *coordinator
	session *session
	wg      sync.WaitGroup // of the heartbeats and of all holds

	ended chan struct{} // bound 1: a function has returned; when full there is a notice already

	// Owned by run.
	beating bool
	leader  bool
	hidden  bool           // the leader, and not told so
	sizes   map[string]int // as the leader last shared out
	holds   map[tp]*hold
}

// tp is a partition.
type tp struct {
	topic     string
	partition int
}

func newMembership(ctx context.Context, c *consumer, co *coordinator, id string) *membership {
	return &membership{
		consumer: c, co: co, session: newSession(ctx, c.cfg, id),
		ended: make(chan struct{}, 1), holds: map[tp]*hold{},
	}
}

// run is a member until ctx ends, the session is lost (and returns why), or the
// broker refuses for good. All functions have returned then, and the member has
// left the group if it was still in it.
func (m *membership) run(ctx context.Context) (lost, err error) {
	active, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.session.ctx, cancel)()
	err = m.serve(active)
	cancel()
	lost = m.session.lost()
	m.finish(lost)
	return lost, err
}

// serve goes from generation to generation until ctx ends or nothing more can
// be done.
func (m *membership) serve(ctx context.Context) error {
	for {
		began := m.session.clock()
		assigned, err := m.rebalance(ctx)
		if err != nil || m.over(ctx) {
			return err
		}
		gone := m.take(ctx, assigned)
		if m.cfg.Hooks.Rebalanced != nil && m.cfg.Now != nil {
			m.cfg.Hooks.Rebalanced(m.cfg.Now().Sub(began))
		}
		if len(gone) == 0 {
			m.rest(ctx)
		} else {
			m.giveUp(ctx, gone)
		}
		if m.over(ctx) {
			return nil
		}
	}
}

// over reports whether the membership ends. That of the session ends ctx too,
// but a moment later.
func (m *membership) over(ctx context.Context) bool {
	return ctx.Err() != nil || m.session.lost() != nil
}

// take starts what is new in assigned and returns what is to be given up. A
// partition whose function had returned early begins anew.
func (m *membership) take(ctx context.Context, assigned partitions) (gone []*hold) {
	var added []*hold
	for topic, parts := range assigned {
		for _, p := range parts {
			if h := m.holds[tp{topic, p}]; h == nil || h.finished() {
				added = append(added, m.hold(ctx, topic, p))
			}
		}
	}
	for at, h := range m.holds {
		if !assigned.has(at.topic, at.partition) {
			gone = append(gone, h)
		}
	}
	at, _ := m.session.place()
	m.cfg.Log.Debug("generation begins", "group", m.cfg.Group, "member", at.member, "generation", at.generation, "leader", m.leader,
		"partitions", assigned.count(), "new", len(added), "taken away", len(gone))
	m.cfg.Hooks.assigned(assigned.count())
	m.start(ctx, added)
	return gone
}

func (m *membership) hold(ctx context.Context, topic string, partition int) *hold {
	h := newHold(ctx, m.session, topic, partition)
	m.holds[tp{topic, partition}] = h
	return h
}

// start works on holds.
func (m *membership) start(ctx context.Context, holds []*hold) {
	if len(holds) == 0 {
		return
	}
	m.wg.Go(func() {
		claims, ok := m.claims(ctx, m.co, holds)
		for i, h := range holds {
			if !ok {
				m.finished(h, nil)
				continue
			}
			m.wg.Go(func() { m.finished(h, m.work(h.ctx, claims[i])) })
		}
	})
}

// finished notes that the function of h has returned, with err.
func (m *membership) finished(h *hold, err error) {
	if err == nil {
		err = errors.New("its function has returned")
	}
	h.end(err)
	close(h.done)
	select {
	case m.ended <- struct{}{}:
	default:
	}
}

// giveUp ends the functions of gone and waits for them. If one does not return
// in time the member leaves before it is dropped: the group must go on.
func (m *membership) giveUp(ctx context.Context, gone []*hold) {
	for _, h := range gone {
		h.stop()
	}
	patience := m.session.patience()
	late := time.NewTimer(patience)
	defer late.Stop()
	for _, h := range gone {
		select {
		case <-h.done:
			delete(m.holds, tp{h.topic, h.partition})
		case <-ctx.Done():
			return
		case <-late.C:
			m.cfg.Log.Error("a partition that was taken away is still worked on; leaving the group",
				"topic", h.topic, "partition", h.partition, "after", patience)
			m.session.lose(errDrain) // first: nothing is held once the group knows
			m.leave()
			return
		}
	}
	m.cfg.Hooks.revoked(len(gone))
}

// rest waits until the group wants another generation or ctx ends.
func (m *membership) rest(ctx context.Context) {
	watch := time.NewTicker(partitionWatch)
	defer watch.Stop()
	var revive <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.session.notice:
			if m.session.over() {
				return
			}
		case <-watch.C:
			if m.grown(ctx) {
				return
			}
		case <-m.ended:
			revive = time.After(m.session.interval)
		case <-revive:
			if m.session.lease() != nil {
				revive = time.After(m.session.interval) // no heartbeat was answered yet
				continue
			}
			m.revive(ctx)
		}
	}
}

// revive begins partitions anew whose lease has lapsed while the group has not
// given them away.
func (m *membership) revive(ctx context.Context) {
	var again []*hold
	for at, h := range m.holds {
		if h.finished() && h.fenced() {
			again = append(again, m.hold(ctx, at.topic, at.partition))
		}
	}
	m.start(ctx, again)
}

// finish waits for all functions while the session goes on, and leaves.
func (m *membership) finish(lost error) {
	if lost != nil && len(m.holds) > 0 {
		m.cfg.Hooks.expelled(len(m.holds))
	}
	for _, h := range m.holds {
		h.stop()
	}
	for _, h := range m.holds {
		<-h.done
	}
	// Also when the coordinator said that it does not know the member: a ghost
	// would hold up the group for a whole session.
	if lost = m.session.lost(); !errors.Is(lost, errExpired) && !errors.Is(lost, errDrain) && m.cfg.GroupInstanceID == "" {
		m.leave()
	}
	m.session.lose(errLeft)
	m.wg.Wait()
}

// leave tells the group that this member is gone, so that nobody waits for it.
func (m *membership) leave() {
	at, _ := m.session.place()
	if at.member == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.session.ctx), leaveTimeout)
	defer cancel()
	var retry backoff
	for {
		err := m.co.leave(ctx, at.member)
		if err == nil || expelled(err) {
			return
		}
		if permanent(err) || !retry.wait(ctx) {
			m.cfg.Log.Warn("cannot leave the group; it will wait for this member until its session ends",
				"group", m.cfg.Group, "after", m.cfg.SessionTimeout, "err", err)
			return
		}
	}
}
