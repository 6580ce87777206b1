// Package lag tells how far the services are behind the log.
package lag

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Stage is a consumer group with what it reads. Stages follow each other: what
// one appends, the next ones read.
type Stage struct {
	Name   string
	Group  string
	Topics []string
}

// Stages are the services of a deployment in the order of an event's way.
func Stages(t cordon.Topics) []Stage {
	var raw []string
	for _, f := range cordon.Formats() {
		raw = append(raw, t.Raw(f))
	}
	return []Stage{
		{"ingest", t.Prefix + "ingest", raw},
		{"detect", t.Prefix + "detect", []string{t.Events()}},
		{"respond", t.Prefix + "respond", []string{t.Findings()}},
		{"history", t.Prefix + "history", []string{t.Events(), t.Rejected(), t.Findings(), t.Actions(), t.Devices()}},
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

// behind is how many records before to the group has not done yet.
func (m *Meter) behind(ctx context.Context, group string, to ends) (int64, error) {
	req := &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{}}
	for t, parts := range to {
		for p := range parts {
			req.Topics[t] = append(req.Topics[t], p)
		}
	}
	res, err := m.client.OffsetFetch(ctx, req)
	if err != nil {
		return 0, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	if res.Error != nil {
		return 0, fmt.Errorf("offsets of group %s: %w", group, res.Error)
	}
	var n int64
	for t, parts := range res.Topics {
		for _, p := range parts {
			if p.Error != nil {
				return 0, fmt.Errorf("offsets of group %s on %s/%d: %w", group, t, p.Partition, p.Error)
			}
			n += max(0, to[t][p.Partition]-max(0, p.CommittedOffset))
		}
	}
	return n, nil
}

// Behind is how many records s has not done of those that are in the log now.
func (m *Meter) Behind(ctx context.Context, s Stage) (int64, error) {
	to, err := m.ends(ctx, s.Topics)
	if err != nil {
		return 0, err
	}
	return m.behind(ctx, s.Group, to)
}

const pollEvery = 50 * time.Millisecond

// Wait waits until each stage has done all that was in the log when the one
// before had. tell, if not nil, hears of each look.
func (m *Meter) Wait(ctx context.Context, stages []Stage, tell func(stage string, behind int64)) error {
	for _, s := range stages {
		if err := m.waitFor(ctx, s, tell); err != nil {
			return fmt.Errorf("wait for %s: %w", s.Name, err)
		}
	}
	return nil
}

func (m *Meter) waitFor(ctx context.Context, s Stage, tell func(string, int64)) error {
	to, err := m.ends(ctx, s.Topics)
	if err != nil {
		return err
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		n, err := m.behind(ctx, s.Group, to)
		if err != nil && !errors.Is(err, kafka.GroupCoordinatorNotAvailable) && !errors.Is(err, kafka.NotCoordinatorForGroup) {
			return err
		}
		if err == nil {
			if tell != nil {
				tell(s.Name, n)
			}
			if n == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d records behind: %w", n, ctx.Err())
		case <-tick.C:
		}
	}
}
