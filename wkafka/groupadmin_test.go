package wkafka_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon/wkafka"
)

// clock is moved by the test.
type clock struct {
	ahead atomic.Int64
}

func (c *clock) now() time.Time      { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) add(d time.Duration) { c.ahead.Add(int64(d)) }

func other(t testing.TB, cfg wkafka.Config, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cfg.Brokers...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// members asks the coordinator how many members a group has.
func members(t testing.TB, cfg wkafka.Config, group string) int {
	t.Helper()
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = []string{group}
	res, err := req.RequestWith(within(t, 10*time.Second), other(t, cfg))
	if err != nil || len(res.Groups) != 1 {
		t.Fatalf("describe group %s: %v", group, err)
	}
	return len(res.Groups[0].Members)
}

// grow makes topic have so many partitions.
func grow(t testing.TB, cfg wkafka.Config, topic string, partitions int32) {
	t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.TimeoutMillis = 10_000
	req.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: topic, Count: partitions}}
	res, err := req.RequestWith(within(t, 10*time.Second), other(t, cfg))
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("create partitions of %s: %v", topic, err)
	}
}
