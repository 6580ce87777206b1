// Package lag tells how far the services are behind the log.
package lag

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/services/ingest/history"
	"github.com/cordon-iot/cordon/services/respond"
	"github.com/cordon-iot/cordon/wkafka"
)

// Stage is a service with the consumer groups it reads with, and what each
// reads. Stages follow each other: what one appends, the next ones read.
type Stage struct {
	Name   string
	Groups map[string][]string // topics by group
}

// Stages are the services of a deployment in the order of an event's way.
func Stages(t cordon.Topics) []Stage {
	raw := map[string][]string{}
	for _, f := range cordon.Formats() {
		raw[ingest.Group(t, f)] = []string{t.Raw(f)}
	}
	all := []string{t.Events(), t.Rejected(), t.Findings(), t.Actions(), t.Devices()}
	return []Stage{
		{"ingest", raw},
		{"detect", map[string][]string{t.Prefix + detect.Group: {t.Events()}}},
		{"respond", map[string][]string{t.Prefix + respond.Group: {t.Findings()}}},
		{"history", map[string][]string{t.Prefix + history.Group: all}},
	}
}

// Meter reads how far groups have come.
type Meter struct {
	kafka  wkafka.Config
	client *kafka.Client
}

// NewMeter returns a meter of the cluster at k; close it.
func NewMeter(k wkafka.Config) *Meter {
	tr := &kafka.Transport{TLS: k.TLS, SASL: k.SASL, ClientID: k.ClientID}
	return &Meter{k, &kafka.Client{Addr: kafka.TCP(k.Brokers...), Timeout: 10 * time.Second, Transport: tr}}
}

// Close ends the connections.
func (m *Meter) Close() { m.client.Transport.(*kafka.Transport).CloseIdleConnections() }

// ends are the offsets after the last record, by topic and partition.
type ends map[string][]int64

func (m *Meter) ends(ctx context.Context, topics []string) (ends, error) {
	out := ends{}
	for _, t := range topics {
		e, err := wkafka.EndOffsets(ctx, m.kafka, t)
		if err != nil {
			return nil, err
		}
		out[t] = e
	}
	return out, nil
}

// behind is how many records before to the group has not done yet. A group that
// nobody has ever joined has done none.
func (m *Meter) behind(ctx context.Context, group string, to ends) (int64, error) {
	done, err := m.committed(ctx, group, to)
	if err != nil && !errors.Is(err, kafka.GroupIdNotFound) {
		return 0, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	var n int64
	for t, parts := range to {
		for p, end := range parts {
			n += max(0, end-done[t][p])
		}
	}
	return n, nil
}

// committed returns the offsets that the group has committed, by topic and
// partition.
func (m *Meter) committed(ctx context.Context, group string, of ends) (map[string]map[int]int64, error) {
	req := &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{}}
	for t, parts := range of {
		for p := range parts {
			req.Topics[t] = append(req.Topics[t], p)
		}
	}
	res, err := m.client.OffsetFetch(ctx, req)
	if err != nil {
		return nil, err
	}
	if res.Error != nil {
		return nil, res.Error
	}
	out := map[string]map[int]int64{}
	for t, parts := range res.Topics {
		out[t] = map[int]int64{}
		for _, p := range parts {
			if p.Error != nil {
				return nil, fmt.Errorf("%s/%d: %w", t, p.Partition, p.Error)
			}
			out[t][p.Partition] = max(0, p.CommittedOffset)
		}
	}
	return out, nil
}

// targets are the ends to reach, by group.
type targets map[string]ends

func (m *Meter) targets(ctx context.Context, s Stage) (targets, error) {
	out := targets{}
	for group, topics := range s.Groups {
		e, err := m.ends(ctx, topics)
		if err != nil {
			return nil, err
		}
		out[group] = e
	}
	return out, nil
}

func (m *Meter) behindAll(ctx context.Context, t targets) (int64, error) {
	var n int64
	for group, to := range t {
		b, err := m.behind(ctx, group, to)
		if err != nil {
			return 0, err
		}
		n += b
	}
	return n, nil
}

// Behind is how many records s has not done of those that are in the log now.
func (m *Meter) Behind(ctx context.Context, s Stage) (int64, error) {
	to, err := m.targets(ctx, s)
	if err != nil {
		return 0, err
	}
	return m.behindAll(ctx, to)
}

// Reading reports whether each group of s has members that hold partitions. It
// returns nil when they do, or why not.
func (m *Meter) Reading(ctx context.Context, s Stage) error {
	var groups []string
	for g := range s.Groups {
		groups = append(groups, g)
	}
	return service.GroupsRead(ctx, m.client, groups...)
}

const pollEvery = 50 * time.Millisecond

// WaitReading waits until Reading reports nil.
func (m *Meter) WaitReading(ctx context.Context, s Stage) error {
	return poll(ctx, func() (bool, error) { return m.Reading(ctx, s) == nil, nil })
}

// Wait waits until s has done all that is in the log now. tell, if not nil,
// hears how far it is behind.
func (m *Meter) Wait(ctx context.Context, s Stage, tell func(behind int64)) error {
	to, err := m.targets(ctx, s)
	if err != nil {
		return err
	}
	var n int64
	err = poll(ctx, func() (bool, error) {
		b, err := m.behindAll(ctx, to)
		if err != nil {
			return false, passing(err)
		}
		n = b
		if tell != nil {
			tell(n)
		}
		return n == 0, nil
	})
	if err != nil {
		return fmt.Errorf("%s is %d records behind: %w", s.Name, n, err)
	}
	return nil
}

// passing drops errors that go away while a group is being formed, and a late
// answer: when it is late because ctx ended, poll says so.
func passing(err error) error {
	if errors.Is(err, kafka.GroupCoordinatorNotAvailable) || errors.Is(err, kafka.NotCoordinatorForGroup) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// poll calls f until it reports that it is done.
func poll(ctx context.Context, f func() (done bool, err error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		done, err := f()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
