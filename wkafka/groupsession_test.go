package wkafka

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

// TestSessionHear gives a member of generation 5 the answers that a coordinator
// may give to heartbeats.
func TestSessionHear(t *testing.T) {
	now := place{"m", 5}
	tests := []struct {
		name    string
		sent    place // with the heartbeat
		synced  bool
		err     error
		renewed bool
		over    bool
	}{
		{"fine", now, true, nil, true, false},
		{"a rebalance", now, true, kafka.RebalanceInProgress, true, true},
		{"the same rebalance, before the assignment is known", now, false, kafka.RebalanceInProgress, true, false},
		{"a late answer about the generation before", place{"m", 4}, true, kafka.RebalanceInProgress, true, false},
		{"the answer to a join was lost", now, true, kafka.IllegalGeneration, false, true},
		{"the answer to a join has come meanwhile", place{"m", 4}, true, kafka.IllegalGeneration, false, false},
		{"no answer", now, true, errors.New("broken pipe"), false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := time.Unix(1000, 0)
			s := newSession(t.Context(), ConsumerConfig{SessionTimeout: 10 * time.Second, RebalanceTimeout: time.Minute, Now: func() time.Time { return clock }}, "m")
			s.enter(now, clock)
			s.settle(clock)
			clock = clock.Add(9 * time.Second)
			s.hear(tt.sent, tt.synced, clock, tt.err)
			if renewed := s.lease() == nil; renewed != tt.renewed || s.over() != tt.over {
				t.Errorf("hear(%v) renews the lease: %v, ends the generation: %v; want %v, %v", tt.err, renewed, s.over(), tt.renewed, tt.over)
			}
		})
	}
}

// TestSessionBeat counts the session's life by what the coordinator answers.
func TestSessionBeat(t *testing.T) {
	tests := []struct {
		name  string
		quiet time.Duration // how long nothing is answered, from 3 s on
		then  error
		lives time.Duration
		want  error
	}{
		{"a broker restarts", 8 * time.Second, nil, time.Minute, nil},
		{"a broker is gone", time.Hour, nil, 13 * time.Second, errExpired},
		{"the member was expelled", 2 * time.Second, kafka.UnknownMemberId, 5 * time.Second, kafka.UnknownMemberId},
		{"another process took the instance id", 0, kafka.FencedInstanceID, 3 * time.Second, kafka.FencedInstanceID},
		{"no right to the group", 0, kafka.GroupAuthorizationFailed, 3 * time.Second, kafka.GroupAuthorizationFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := newSession(t.Context(), ConsumerConfig{SessionTimeout: 10 * time.Second}, "m")
				done := make(chan struct{})
				go func() {
					defer close(done)
					s.beat(func(context.Context, place) error {
						switch at := time.Since(began); {
						case at < 3*time.Second:
							return nil
						case at < 3*time.Second+tt.quiet:
							return errors.New("connection refused")
						}
						return tt.then
					})
				}()
				select {
				case <-done:
				case <-time.After(time.Minute):
				}
				if lived := time.Since(began); lived < tt.lives-time.Second || lived > tt.lives+time.Second || !errors.Is(s.lost(), tt.want) {
					t.Errorf("the session lived for %v and ended with %v; want %v, %v", lived, s.lost(), tt.lives, tt.want)
				}
				s.lose(errLeft)
				<-done
			})
		})
	}
}

// TestHoldLease lets a lease lapse: it must not come back with the next
// heartbeat.
func TestHoldLease(t *testing.T) {
	clock := time.Unix(1000, 0)
	s := newSession(t.Context(), ConsumerConfig{SessionTimeout: 10 * time.Second, RebalanceTimeout: time.Minute, Now: func() time.Time { return clock }}, "m")
	s.enter(place{"m", 1}, clock)
	h := newHold(t.Context(), s, "t", 0)
	clock = clock.Add(7 * time.Second)
	if err := h.lease(); err != nil {
		t.Errorf("lease() after 7 of 10 s = %v; want nil", err)
	}
	clock = clock.Add(time.Second)
	if err := h.lease(); !errors.Is(err, errLapsed) {
		t.Errorf("lease() after 8 of 10 s = %v; want %v", err, errLapsed)
	}
	s.hear(place{"m", 1}, true, clock, nil)
	if err := h.lease(); !errors.Is(err, errLapsed) || h.ctx.Err() == nil {
		t.Errorf("lease() after another heartbeat = %v, context %v; want %v and an ended context", err, h.ctx.Err(), errLapsed)
	}
	if err := newHold(t.Context(), s, "t", 0).lease(); err != nil {
		t.Errorf("lease() of the partition begun anew = %v; want nil", err)
	}
}

// TestSessionRebalanceTimeout has the coordinator hear of a member all the
// time: it drops the member all the same if that does not join again, or does
// not sync, within the rebalance timeout, which has begun no earlier than what
// was last said of the generation before.
func TestSessionRebalanceTimeout(t *testing.T) {
	first, second := place{"m", 1}, place{"m", 2}
	rebalance := kafka.RebalanceInProgress
	type answer struct {
		at     time.Duration // when the request was sent
		synced bool
		err    error
	}
	tests := []struct {
		name string
		do   func(s *session, at func(time.Duration) time.Time)
		then answer // to each heartbeat from then on, every half second
		ends time.Duration
	}{
		{"no rebalance", func(*session, func(time.Duration) time.Time) {}, answer{0, true, nil}, time.Hour},
		{"the member does not join", func(*session, func(time.Duration) time.Time) {}, answer{3 * time.Second, true, rebalance}, 2500*time.Millisecond + 16*time.Second},
		{"the answer to its join is lost", func(*session, func(time.Duration) time.Time) {}, answer{3 * time.Second, true, kafka.IllegalGeneration}, 2500*time.Millisecond + 8*time.Second},
		{"it joined at 1 s and syncs at 5 s, then the next rebalance", func(s *session, at func(time.Duration) time.Time) {
			s.hear(first, true, at(3*time.Second), rebalance)
			s.enter(second, at(time.Second))
			s.settle(at(5 * time.Second))
		}, answer{6 * time.Second, true, rebalance}, 21 * time.Second},
		{"its join was held until 4 s, and it does not sync", func(s *session, at func(time.Duration) time.Time) {
			s.hear(first, true, at(4*time.Second), rebalance)
			s.enter(second, at(time.Second))
		}, answer{4500 * time.Millisecond, false, nil}, 20 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Unix(1000, 0)
			clock := began
			at := began.Add
			s := newSession(t.Context(), ConsumerConfig{
				SessionTimeout: 10 * time.Second, RebalanceTimeout: 20 * time.Second, Now: func() time.Time { return clock },
			}, "m")
			s.enter(first, began)
			s.settle(began)
			tt.do(s, at)
			for d := time.Duration(0); d < 2*time.Minute; d += 500 * time.Millisecond {
				clock = at(d)
				if s.lease() != nil {
					break
				}
				now, _ := s.place()
				switch {
				case d >= tt.then.at:
					s.hear(now, tt.then.synced, clock, tt.then.err)
				case now == first:
					s.hear(now, true, clock, nil)
				}
			}
			if got := clock.Sub(began); got < min(tt.ends, time.Minute) || got > tt.ends {
				t.Errorf("the lease ended after %v with %v, patience %v; want %v", got, s.lease(), s.patience(), tt.ends)
			}
			if s.lease() != nil && errors.Is(tt.then.err, rebalance) && s.patience() != 0 {
				t.Errorf("patience() when the lease has ended = %v; want 0", s.patience())
			}
		})
	}
}
