package doctor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/wkafka"
)

func options(names cordon.Topics) Options {
	return Options{
		Topics: names, Principal: access.Default, Now: time.Now, CertWarning: month,
		Expect: topics.Expect{Topics: names, Specs: topics.Retention{Raw: topics.DefaultRaw}.Specs(names, 0, 0), Replication: 3, InSync: 2},
	}
}

func examine(t *testing.T, cfg wkafka.Config, o Options) *Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return Examine(ctx, cfg, o)
}

// wants checks that r has a finding of level in area that contains each of
// texts.
func (r *Report) wants(t *testing.T, level topics.Level, area string, texts ...string) {
	t.Helper()
	for _, f := range r.Findings {
		all := f.Area == area && f.Level == level
		for _, text := range texts {
			all = all && strings.Contains(f.Name+": "+f.Saw+" -> "+f.Next, text)
		}
		if all {
			return
		}
	}
	t.Errorf("no %s in %s with %q in %+v", level, area, texts, r.Findings)
}

func create(t *testing.T, cfg wkafka.Config, names cordon.Topics, change func(*wkafka.TopicSpec)) {
	t.Helper()
	specs := topics.Retention{Raw: topics.DefaultRaw}.Specs(names, 2, 1)
	for i := range specs {
		change(&specs[i])
	}
	kafkatest.Create(t, cfg, specs...)
}

func TestEmbedded(t *testing.T) {
	_, cfg := kafkatest.Cluster(t)
	create(t, cfg, cordon.Topics{}, func(*wkafka.TopicSpec) {})
	r := examine(t, cfg, options(cordon.Topics{}))
	if r.Failures+r.Warnings != 0 {
		t.Errorf("Examine = %+v; want neither warnings nor failures", r.Findings)
	}
	r.wants(t, topics.OK, "cluster", "the broker that cordon brings along")
	r.wants(t, topics.OK, "topics", "11 of 11 are there, 2 partitions")
}

func TestNobodyAnswers(t *testing.T) {
	r := examine(t, wkafka.Config{Brokers: []string{"127.0.0.1:1"}}, options(cordon.Topics{}))
	r.wants(t, topics.Fail, "reach", "127.0.0.1:1: connection: nobody listens there", "(--kafka-brokers)")
	if len(r.Findings) != 1 {
		t.Errorf("Examine = %+v; want that nobody answers and nothing more", r.Findings)
	}
}

// TestProduction is a cluster on which everything is as somebody who did not
// read anything would have it.
func TestProduction(t *testing.T) {
	_, cfg := kafkatest.Cluster(t, kfake.ClusterID("prod"))
	names := cordon.Topics{}
	create(t, cfg, names, func(s *wkafka.TopicSpec) {
		switch s.Name {
		case names.Actions():
			s.Config["retention.ms"] = "604800000"
		case names.Findings():
			s.Partitions = 3
		case names.Devices():
			s.Config["cleanup.policy"] = "compact"
		}
	})
	r := examine(t, cfg, options(names))
	r.wants(t, topics.Warn, "cluster", "each one that stops, stops everything")
	r.wants(t, topics.Warn, "topics", "events", "replication is 1; want 3 or more")
	r.wants(t, topics.Fail, "topics", "actions: retention.ms is 604800000 (168h0m0s); want for ever", "--alter")
	r.wants(t, topics.Fail, "topics", "findings: partitions is 3; want 2", "all services are stopped")
	r.wants(t, topics.Fail, "topics", "devices: cleanup.policy is compact")
	r.wants(t, topics.OK, "groups", "cordon.detect: nobody has read yet")
}

func TestGroups(t *testing.T) {
	_, cfg := kafkatest.Cluster(t)
	names := cordon.Topics{}
	create(t, cfg, names, func(*wkafka.TopicSpec) {})
	p, err := wkafka.NewPublisher(wkafka.PublisherConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	recs := []wkafka.Record{{Key: []byte("a"), Value: []byte("{}")}, {Key: []byte("b"), Value: []byte("{}")}, {Key: []byte("c"), Value: []byte("{}")}}
	for _, topic := range []string{names.Events(), names.Rejected(), names.Findings()} {
		if _, err := p.Append(t.Context(), topic, recs); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, cfg, detect.Group, names.Events(), kafka.OffsetCommit{Partition: 0, Offset: 99})
	commit(t, cfg, "cordon.respond", names.Findings(), kafka.OffsetCommit{Partition: 0, Offset: 0, Metadata: "of another program"})
	r := examine(t, cfg, options(names))
	r.wants(t, topics.Fail, "groups", "cordon.detect: events/0: offset 99 is past the end", "reset the group's offset")
	r.wants(t, topics.Fail, "groups", "cordon.respond: findings/0: offset metadata", "not of this program")
	r.wants(t, topics.Warn, "groups", "cordon.respond", "nobody reads", "start respond")
	r.wants(t, topics.Warn, "groups", "cordon.history", "nobody has ever read, 9 records wait", "start history")
	r.wants(t, topics.Warn, "parked", "3 records were refused", "cordon dlq list")
}

func commit(t *testing.T, cfg wkafka.Config, group, topic string, c kafka.OffsetCommit) {
	t.Helper()
	client := &kafka.Client{Addr: kafka.TCP(cfg.Brokers...)}
	res, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{topic: {c}}})
	if err != nil || res.Topics[topic][0].Error != nil {
		t.Fatal(err, res)
	}
}

func TestRights(t *testing.T) {
	names := cordon.Topics{}
	read := kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "events", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationRead, Allow: true}
	_, cfg := kafkatest.Cluster(t, kfake.ClusterID("prod"), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", "cordon", "x"), kfake.User("PLAIN", "detect", "x", read))
	cfg.SASL = plain.Mechanism{Username: "cordon", Password: "x"}
	create(t, cfg, names, func(*wkafka.TopicSpec) {})
	r := examine(t, cfg, options(names))
	r.wants(t, topics.Fail, "rights", "User:detect lacks: ", "Write Topic findings", "Read Group cordon.detect", "cordon init --acls")

	a := wkafka.NewAdmin(cfg)
	defer a.Close()
	if err := a.AddACLs(t.Context(), access.Deployment(names, access.Default, nil)...); err != nil {
		t.Fatal(err)
	}
	examine(t, cfg, options(names)).wants(t, topics.OK, "rights", "detect: User:detect has what it needs")

	cfg.SASL = plain.Mechanism{Username: "detect", Password: "x"} // it may not read ACLs
	r = examine(t, cfg, options(names))
	r.wants(t, topics.Warn, "rights", "ACLs: they cannot be read", "Describe the cluster")
	r.wants(t, topics.OK, "rights", "this principal: has what detect needs")
	r.wants(t, topics.OK, "rights", "could not be respond", "Write Topic actions")
	r.wants(t, topics.Warn, "clock", "not measured", "Create and Write on cordon.doctor")
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name      string
		theirs    time.Time
		diff, off time.Duration
		want      topics.Level
		text      string
	}{
		{"equal", now, -3 * time.Millisecond, 5 * time.Millisecond, topics.OK, "3ms behind this machine's"},
		{"ahead", now, 2 * time.Second, 5 * time.Millisecond, topics.Warn, "2s ahead of this machine's"},
		{"behind, but the answer took long", now, -2 * time.Second, 1500 * time.Millisecond, topics.OK, "give or take 1.501s"},
		{"far behind", now, -time.Hour, time.Millisecond, topics.Fail, "same time server"},
		{"no stamp", time.Time{}, 0, 0, topics.Warn, "does not stamp"},
	} {
		e := &exam{report: &Report{}}
		e.judge("broker 1", tc.theirs, tc.diff, tc.off)
		e.report.wants(t, tc.want, "clock", tc.text)
	}
}
