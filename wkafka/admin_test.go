package wkafka_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func admin(t *testing.T, cfg wkafka.Config) *wkafka.Admin {
	t.Helper()
	a := wkafka.NewAdmin(cfg)
	t.Cleanup(a.Close)
	return a
}

func TestDescribeCluster(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic := kafkatest.Name(t)
	kafkatest.Create(t, cfg, wkafka.TopicSpec{Name: topic, Partitions: 3, Config: map[string]string{"retention.ms": "60000"}})
	ctx := within(t, 30*time.Second)
	c, err := wkafka.DescribeCluster(ctx, cfg, topic, "nowhere")
	if err != nil || len(c.Brokers) == 0 || c.ID == "" || len(c.Topics) != 2 {
		t.Fatalf("DescribeCluster = %+v, %v; want brokers, an id and two topics", c, err)
	}
	for _, got := range c.Topics {
		if got.Name == topic && (len(got.Partitions) != 3 || got.Partitions[2].Number != 2 || len(got.Partitions[0].InSync) == 0 || got.Err != nil) {
			t.Errorf("topic = %+v; want 3 partitions with copies in sync", got)
		}
		if got.Name == "nowhere" && !errors.Is(got.Err, kafka.UnknownTopicOrPartition) {
			t.Errorf("topic nowhere = %+v; want that it does not exist", got)
		}
	}

	a := admin(t, cfg)
	if err := a.SetTopicConfigs(ctx, topic, map[string]string{"retention.ms": "120000"}); err != nil {
		t.Fatal(err)
	}
	for {
		configs, err := a.TopicConfigs(ctx, topic)
		if err != nil || configs[topic]["cleanup.policy"] != "delete" {
			t.Fatalf("TopicConfigs = %v, %v; want the new retention and the default policy", configs[topic], err)
		}
		if configs[topic]["retention.ms"] == "120000" {
			return // a broker hears of the change a moment after the controller
		}
	}
}

func TestAdminGroup(t *testing.T) {
	cfg := kafkatest.Start(t)
	topic, group := newTopic(t, cfg, 2), kafkatest.Name(t)
	appendAll(t, newPublisher(t, cfg), topic, numbered(0, 3))
	ctx, a := within(t, 30*time.Second), admin(t, cfg)
	if g, err := a.Group(ctx, group); err != nil || g.State != "Dead" {
		t.Errorf("Group that nobody has joined = %+v, %v; want Dead", g, err)
	}
	got, err := a.CommittedOffsets(ctx, group, map[string]int{topic: 2})
	if want := []wkafka.Committed{{Offset: -1}, {Offset: -1}}; err != nil || !cmp.Equal(got[topic], want) {
		t.Errorf("CommittedOffsets of nobody = %v, %v; want %v", got[topic], err, want)
	}
	client := &kafka.Client{Addr: kafka.TCP(cfg.Brokers...)}
	res, err := client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{
		topic: {{Partition: 1, Offset: 2, Metadata: "o1:"}},
	}})
	if err != nil || res.Topics[topic][0].Error != nil {
		t.Fatal(err, res)
	}
	got, err = a.CommittedOffsets(ctx, group, map[string]int{topic: 2})
	if want := []wkafka.Committed{{Offset: -1}, {2, "o1:"}}; err != nil || !cmp.Equal(got[topic], want) {
		t.Errorf("CommittedOffsets = %v, %v; want %v", got[topic], err, want)
	}
	ranges, err := a.Ranges(ctx, topic, 2)
	if err != nil || ranges[0].End+ranges[1].End != 3 || ranges[0].Start != 0 {
		t.Errorf("Ranges = %v, %v; want 3 records in all", ranges, err)
	}
}

func TestACLs(t *testing.T) {
	_, cfg := kafkatest.Cluster(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "admin", "x"))
	cfg.SASL = plain.Mechanism{Username: "admin", Password: "x"}
	ctx, a := within(t, 30*time.Second), admin(t, cfg)
	want := wkafka.ACL{Principal: "User:ingest", Host: "*", Resource: kafka.ResourceTypeTopic, Name: "raw.", Pattern: kafka.PatternTypePrefixed, Operation: kafka.ACLOperationTypeRead}
	if err := a.AddACLs(ctx, want, want); err != nil {
		t.Fatal(err)
	}
	got, err := a.ACLs(ctx)
	if err != nil || !slices.Contains(got, want) {
		t.Errorf("ACLs = %v, %v; want %v in them", got, err, want)
	}
}

func TestACLCovers(t *testing.T) {
	read := wkafka.ACL{Principal: "User:a", Resource: kafka.ResourceTypeTopic, Name: "raw.zeek", Pattern: kafka.PatternTypeLiteral, Operation: kafka.ACLOperationTypeRead}
	with := func(change func(*wkafka.ACL)) wkafka.ACL { a := read; change(&a); return a }
	for _, tc := range []struct {
		name            string
		has             wkafka.ACL
		covers, forbids bool
	}{
		{"itself", read, true, false},
		{"all", with(func(a *wkafka.ACL) { a.Operation = kafka.ACLOperationTypeAll }), true, false},
		{"everybody", with(func(a *wkafka.ACL) { a.Principal = "User:*" }), true, false},
		{"any topic", with(func(a *wkafka.ACL) { a.Name = "*" }), true, false},
		{"its beginning", with(func(a *wkafka.ACL) { a.Name, a.Pattern = "raw.", kafka.PatternTypePrefixed }), true, false},
		{"another's beginning", with(func(a *wkafka.ACL) { a.Name, a.Pattern = "events", kafka.PatternTypePrefixed }), false, false},
		{"another operation", with(func(a *wkafka.ACL) { a.Operation = kafka.ACLOperationTypeWrite }), false, false},
		{"another principal", with(func(a *wkafka.ACL) { a.Principal = "User:b" }), false, false},
		{"a group of that name", with(func(a *wkafka.ACL) { a.Resource = kafka.ResourceTypeGroup }), false, false},
		{"deny", with(func(a *wkafka.ACL) { a.Deny = true }), false, true},
	} {
		if got := tc.has.Covers(read); got != tc.covers {
			t.Errorf("%s: %v covers %v = %v; want %v", tc.name, tc.has, read, got, tc.covers)
		}
		if got := tc.has.Forbids(read); got != tc.forbids {
			t.Errorf("%s: %v forbids %v = %v; want %v", tc.name, tc.has, read, got, tc.forbids)
		}
	}
	write := with(func(a *wkafka.ACL) { a.Operation = kafka.ACLOperationTypeWrite })
	if describe := with(func(a *wkafka.ACL) { a.Operation = kafka.ACLOperationTypeDescribe }); !write.Covers(describe) {
		t.Errorf("%v does not cover %v; Kafka derives it", write, describe)
	}
}
