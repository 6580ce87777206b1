package wkafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

var (
	errExpired = errors.New("the coordinator has not answered a heartbeat for the session timeout")
	errLapsed  = errors.New("no heartbeat was answered in time: the process stood still, or the broker does not answer")
	errSlow    = errors.New("the group waits for this member, which may be dropped: the rebalance timeout has almost run out")
	errLeft    = errors.New("this member has left the group")
	errDrain   = errors.New("a partition that was taken away was not given up within the rebalance timeout")
)

// leaseMargin is the part of a timeout that leases leave unused: the
// coordinator counts from later than this member, but its clock may be faster,
// and what a lease allows takes a moment.
const leaseMargin = 5

// certain is how much of a timeout of the coordinator may be counted on.
func certain(timeout time.Duration) time.Duration { return timeout - timeout/leaseMargin }

// session is this process's membership in the group, through any number of
// generations, until the coordinator or the process ends it. It does not come
// back: another membership is another session.
type session struct {
	timeout   time.Duration
	rebalance time.Duration    // how long the coordinator waits for joins, and for a sync
	interval  time.Duration    // between heartbeats
	now       func() time.Time // nil: leases are not checked against a clock

	ctx  context.Context // ends with the session; its cause says why
	stop context.CancelCauseFunc

	notice chan struct{} // bound 1: look at over; when full there is a notice already

	// mu guards what follows.
	mu     sync.Mutex
	at     place
	synced bool      // the assignment of this generation is known
	ended  bool      // the coordinator wants another generation
	alive  time.Time // when the last request was sent that the coordinator answered well
	// steady is before the coordinator began to wait for this member's next join
	// or sync, if it does: a member that it has heard of lately is dropped all
	// the same when that takes longer than the rebalance timeout.
	steady time.Time
}

func newSession(ctx context.Context, cfg ConsumerConfig, member string) *session {
	s := &session{
		timeout: cfg.SessionTimeout, rebalance: cfg.RebalanceTimeout, interval: heartbeatInterval(cfg.SessionTimeout),
		now: cfg.Now, notice: make(chan struct{}, 1),
	}
	s.at = place{member: member, generation: -1}
	s.ctx, s.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	return s
}

// heartbeatInterval is at most a quarter of a second: that long it takes a
// member to see that another has come or gone.
func heartbeatInterval(session time.Duration) time.Duration {
	return min(session/20, 250*time.Millisecond)
}

func (s *session) clock() time.Time {
	if s.now == nil {
		return time.Time{}
	}
	return s.now()
}

// place returns what requests are to carry, and whether the assignment of that
// generation is known.
func (s *session) place() (at place, synced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at, s.synced
}

// call notes the id that the coordinator has given to this member.
func (s *session) call(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at.member = member
}

// enter notes that the answer to a join that was sent at sent began a
// generation. It began after any request that was answered in the one before,
// and from then on the coordinator waits for the sync.
func (s *session) enter(at place, sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.synced, s.ended = at, false, false
	s.renew(sent)
	s.steady = s.alive
}

// settle notes that the generation's assignment is known.
func (s *session) settle(sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = true
	s.renew(sent)
	s.steady = later(s.steady, sent)
}

// renew needs mu.
func (s *session) renew(sent time.Time) { s.alive = later(s.alive, sent) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// hear takes the answer to a heartbeat, and reports whether the coordinator
// began to count the session anew.
func (s *session) hear(at place, synced bool, sent time.Time, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.renew(sent)
		if synced {
			s.steady = later(s.steady, sent)
		}
		return true
	case errors.Is(err, kafka.RebalanceInProgress):
		// Brokers before 2.6 say so until the assignment is known. The session
		// counts anew, the time to join does not.
		s.renew(sent)
		s.end(at, synced)
		return true
	case errors.Is(err, kafka.IllegalGeneration):
		// The member is known: either the answer to a join is on its way, or it
		// was lost. What the member owns was not given away.
		s.end(at, synced)
	}
	return false
}

// end notes that generation at is over, unless it is known. It needs mu.
func (s *session) end(at place, synced bool) {
	if !synced || at != s.at || s.ended {
		return
	}
	s.ended = true
	select {
	case s.notice <- struct{}{}:
	default:
	}
}

// over reports whether the coordinator wants another generation.
func (s *session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// lose ends the session: its partitions are somebody else's from now on.
func (s *session) lose(err error) { s.stop(err) }

// lost returns why the session has ended, or nil.
func (s *session) lost() error { return context.Cause(s.ctx) }

// lease returns nil while it is certain that the coordinator has not given this
// member up.
func (s *session) lease() error {
	if err := s.lost(); err != nil {
		return err
	}
	if s.now == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if elapsed(s.alive, now) >= certain(s.timeout) {
		return errLapsed
	}
	if elapsed(s.steady, now) >= certain(s.rebalance) {
		return errSlow
	}
	return nil
}

// patience is how long this member may take from now until it joins again.
// Without a clock it counts as if a rebalance began now.
func (s *session) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, certain(s.rebalance)-elapsed(s.steady, s.clock()))
}

// elapsed is the time from a to b by the monotonic clock or by the wall clock,
// whichever says more: the first stands still while a machine is suspended.
func elapsed(a, b time.Time) time.Duration {
	return max(b.Sub(a), b.Round(0).Sub(a.Round(0)))
}

// beat sends heartbeats, with send, until the session ends. It ends the session when the
// coordinator does not know the member, or does not answer for the session
// timeout. An answer that says less is asked for again sooner.
func (s *session) beat(send func(context.Context, place) error) {
	expiry := s.expiry()
	defer func() { expiry.Stop() }()
	for {
		next := s.expiry() // counts from before the request
		if !s.beatOnce(send) {
			next.Stop()
			return
		}
		expiry.Stop()
		expiry = next
		if !pause(s.ctx, s.interval) {
			return
		}
	}
}

// expiry is a clock of its own, since the wall clock may be missing or be set.
func (s *session) expiry() *time.Timer {
	return time.AfterFunc(s.timeout, func() { s.lose(errExpired) })
}

// beatOnce reports whether a heartbeat was answered. It tries until the session
// ends.
func (s *session) beatOnce(send func(context.Context, place) error) bool {
	var retry backoff
	for {
		at, synced := s.place()
		sent := s.clock()
		err := send(s.ctx, at)
		if s.ctx.Err() != nil {
			return false
		}
		if s.hear(at, synced, sent, err) {
			return true
		}
		if expelled(err) || permanent(err) {
			s.lose(fmt.Errorf("heartbeat: %w", err))
			return false
		}
		retry.delay = min(retry.delay, s.interval)
		if !retry.wait(s.ctx) {
			return false
		}
	}
}

// expelled reports whether err says that the coordinator does not have this
// member, or has another process in its place.
func expelled(err error) bool {
	return errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.FencedInstanceID)
}
