package service

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func TestGroupProbe(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 2)
	group := topics.Prefix + "g"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	probe := GroupProbe(k, group)
	if err := probe(ctx); err == nil || !strings.Contains(err.Error(), group) {
		t.Errorf("probe of a group without members = %v; want an error that names it", err)
	}

	reading, stop := context.WithCancel(ctx)
	held, done := make(chan struct{}, 2), make(chan error, 1)
	go func() {
		done <- wkafka.Consume(reading, wkafka.ConsumerConfig{Config: k, Group: group, Topics: []string{topics.Events()}},
			func(ctx context.Context, _ *wkafka.Claim) error {
				held <- struct{}{}
				<-ctx.Done()
				return nil
			})
	}()
	select {
	case <-held:
	case <-ctx.Done():
		t.Fatal("nobody was given a partition")
	}
	if err := probe(ctx); err != nil {
		t.Errorf("probe of a group that reads = %v; want nil", err)
	}
	if err := GroupProbe(k, group, group+"2")(ctx); err == nil || !strings.Contains(err.Error(), group+"2") {
		t.Errorf("probe of two groups = %v; want an error that names the one without members", err)
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := probe(ctx); err == nil {
		t.Error("probe after the last member left = nil; want an error")
	}
}

func TestReads(t *testing.T) {
	member := []kafka.DescribeGroupsResponseMember{{MemberID: "m"}}
	for _, tc := range []struct {
		name  string
		group kafka.DescribeGroupsResponseGroup
		ok    bool
	}{
		{"stable", kafka.DescribeGroupsResponseGroup{GroupState: "Stable", Members: member}, true},
		{"no members", kafka.DescribeGroupsResponseGroup{GroupState: "Stable"}, false},
		{"rebalancing", kafka.DescribeGroupsResponseGroup{GroupState: "PreparingRebalance", Members: member}, false},
		{"not allowed", kafka.DescribeGroupsResponseGroup{Error: kafka.GroupAuthorizationFailed}, false},
	} {
		if err := reads(tc.group); (err == nil) != tc.ok {
			t.Errorf("%s: reads = %v; want ok %v", tc.name, err, tc.ok)
		}
	}
}
