package wkafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/joingroup"
	"github.com/segmentio/kafka-go/protocol/syncgroup"
)

// rebalance joins until the member has an assignment, or ctx ends.
func (m *membership) rebalance(ctx context.Context) (partitions, error) {
	var retry backoff
	for {
		assigned, err := m.enter(ctx)
		if err == nil || m.over(ctx) {
			return assigned, nil
		}
		if errors.Is(err, kafka.MemberIDRequired) || errors.Is(err, kafka.RebalanceInProgress) {
			continue // the coordinator holds the next join until it can be answered
		}
		if errors.Is(err, kafka.UnknownMemberId) {
			m.session.lose(fmt.Errorf("join: %w", err))
			return nil, nil
		}
		if permanent(err) || errors.Is(err, kafka.FencedInstanceID) || errors.Is(err, errGroupWire) {
			return nil, m.refused(err)
		}
		m.cfg.Hooks.retry("join")
		if retry.speak() {
			m.cfg.Log.Warn("cannot join the group; trying again: is the broker up?", "group", m.cfg.Group, "err", explainJoin(err))
		}
		if !retry.wait(ctx) {
			return nil, nil
		}
	}
}

// refused is err with the next step where that is not plain.
func (m *membership) refused(err error) error {
	if errors.Is(err, kafka.FencedInstanceID) {
		return fmt.Errorf("join as instance %s: another process has the same instance id; give each its own: %w", m.cfg.GroupInstanceID, err)
	}
	return fmt.Errorf("join: %w", err)
}

func explainJoin(err error) error {
	if errors.Is(err, kafka.InconsistentGroupProtocol) {
		return fmt.Errorf("the group has members that share out partitions otherwise (another client, or an earlier version): stop those first, or use another group: %w", err)
	}
	return err
}

// enter joins once and returns the assignment.
func (m *membership) enter(ctx context.Context) (partitions, error) {
	sent := m.session.clock()
	at, _ := m.session.place()
	sub := subscription{topics: m.cfg.Topics, owned: m.owned()}
	res, err := m.co.join(ctx, at.member, m.cfg.SessionTimeout, m.cfg.RebalanceTimeout, sub.encode())
	if errors.Is(err, kafka.MemberIDRequired) {
		m.session.call(res.MemberID)
	}
	if err != nil {
		return nil, err
	}
	at = place{res.MemberID, res.GenerationID}
	m.session.enter(at, sent)
	m.startBeating()
	m.leader = res.LeaderID == res.MemberID
	// Kafka names the member that a static one has replaced, so that it does
	// not share out the partitions again.
	m.hidden = !m.leader && m.cfg.GroupInstanceID != "" && strings.HasPrefix(res.LeaderID, m.cfg.GroupInstanceID+"-")
	var plan []syncgroup.RequestAssignment
	if m.leader {
		if plan, err = m.plan(ctx, res.Members); err != nil {
			return nil, err
		}
	}
	sent = m.session.clock()
	b, err := m.co.sync(ctx, at, m.cfg.RebalanceTimeout, plan)
	if err != nil {
		return nil, err
	}
	m.session.settle(sent)
	return decodeAssignment(b)
}

// startBeating is called after the first join: there is no member before.
func (m *membership) startBeating() {
	if !m.beating {
		m.beating = true
		m.wg.Go(func() { m.session.beat(m.heartbeat) })
	}
}

// heartbeat waits for a part of the session timeout, so that a connection that
// is dead without saying so does not cost the session.
func (m *membership) heartbeat(ctx context.Context, at place) error {
	return m.co.heartbeat(ctx, at, m.cfg.SessionTimeout/3)
}

// owned are the partitions that this member has not given up.
func (m *membership) owned() partitions {
	p := partitions{}
	for at := range m.holds {
		p.add(at.topic, at.partition)
	}
	p.sort()
	return p
}

// plan shares out the partitions, as the leader.
func (m *membership) plan(ctx context.Context, answer []joingroup.ResponseMember) ([]syncgroup.RequestAssignment, error) {
	members := make([]member, 0, len(answer))
	for _, r := range answer {
		s, err := decodeSubscription(r.Metadata)
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", r.MemberID, err)
		}
		members = append(members, member{r.MemberID, s})
	}
	sizes, err := m.cluster.sizes(ctx, members)
	if err != nil {
		return nil, err
	}
	m.sizes = sizes
	var plan []syncgroup.RequestAssignment
	for id, p := range assign(members, sizes) {
		plan = append(plan, syncgroup.RequestAssignment{MemberID: id, Assignment: encodeAssignment(p)})
	}
	return plan, nil
}

// grown reports whether a topic has other partitions than were shared out. The
// leader's next join makes the group share them out; a join of another member
// that has nothing new to say changes nothing.
func (m *membership) grown(ctx context.Context) bool {
	if m.hidden {
		return true // its next join makes it the leader openly
	}
	if !m.leader {
		return false
	}
	// Of all members, not only of this one.
	sizes, err := m.cluster.knownSizes(ctx, slices.Collect(maps.Keys(m.sizes)))
	if err != nil {
		return false
	}
	for topic, n := range sizes {
		if m.sizes[topic] != n {
			return true
		}
	}
	return false
}
