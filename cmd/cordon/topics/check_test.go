package topics_test

import (
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/wkafka"
)

// sound is a deployment on three brokers as cordon wants it, and what it wants.
func sound() (found map[string]*wkafka.Topic, settings map[string]map[string]string, e topics.Expect) {
	names := cordon.Topics{}
	e = topics.Expect{Topics: names, Specs: topics.Retention{Raw: topics.DefaultRaw, Events: topics.DefaultEvents}.Specs(names, 2, 3), Replication: 3, InSync: 2}
	found, settings = map[string]*wkafka.Topic{}, map[string]map[string]string{}
	for _, s := range e.Specs {
		t := &wkafka.Topic{Name: s.Name}
		for p := range 2 {
			t.Partitions = append(t.Partitions, wkafka.Partition{Number: p, Leader: 1, Replicas: []int{1, 2, 3}, InSync: []int{3, 1, 2}})
		}
		found[s.Name] = t
		settings[s.Name] = map[string]string{"min.insync.replicas": "2", "unclean.leader.election.enable": "false", "retention.bytes": "-1"}
		for k, v := range s.Config {
			settings[s.Name][k] = v
		}
	}
	return found, settings, e
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(found map[string]*wkafka.Topic, settings map[string]map[string]string, e *topics.Expect)
		level topics.Level // of the one difference
		want  string       // in it; "": none
		alter string
	}{
		{"sound", func(map[string]*wkafka.Topic, map[string]map[string]string, *topics.Expect) {}, topics.OK, "", ""},
		{"missing", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			delete(f, "actions")
		}, topics.Fail, "actions: topic is missing", ""},
		{"without state", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) { delete(f, "state") }, topics.Warn, "read everything again", ""},
		{"hidden", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			f["events"] = &wkafka.Topic{Name: "events", Err: kafka.TopicAuthorizationFailed}
		}, topics.Fail, "may not describe it", ""},
		{"fewer partitions", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			f["findings"].Partitions = f["findings"].Partitions[:1]
		}, topics.Fail, "findings: partitions is 1; want 2", ""},
		{"two copies", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			f["events"].Partitions[0].Replicas, f["events"].Partitions[0].InSync = []int{1, 2}, []int{1, 2}
		}, topics.Warn, "events: replication is 2; want 3 or more", ""},
		{"no leader", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			f["events"].Partitions[1].Leader = -1
		}, topics.Fail, "leader is none for 1", ""},
		{"a copy behind", func(f map[string]*wkafka.Topic, _ map[string]map[string]string, _ *topics.Expect) {
			f["events"].Partitions[1].InSync = []int{1, 2}
		}, topics.Warn, "in-sync copies is not all for 1", ""},
		{"compacted", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["devices"]["cleanup.policy"] = "compact"
		}, topics.Fail, "devices: cleanup.policy is compact; want delete", "delete"},
		{"lists in another order", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["state"]["cleanup.policy"] = "delete,compact"
		}, topics.OK, "", ""},
		{"actions that end", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["actions"]["retention.ms"] = "604800000"
		}, topics.Fail, "actions: retention.ms is 604800000 (168h0m0s); want for ever", "-1"},
		{"events kept shorter", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["events"]["retention.ms"] = "3600000"
		}, topics.Warn, "events: retention.ms is 3600000 (1h0m0s)", "2592000000"},
		{"events kept longer", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["events"]["retention.ms"] = "-1"
		}, topics.OK, "", ""},
		{"a limit of size", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["findings"]["retention.bytes"] = "1048576"
		}, topics.Fail, "findings: retention.bytes is 1048576 (1.0 MiB); want for ever", "-1"},
		{"small records", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["rejected"]["max.message.bytes"] = "1048588"
		}, topics.Fail, "rejected: max.message.bytes", "8388608"},
		{"time of the sender", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["findings"]["message.timestamp.type"] = "CreateTime"
		}, topics.Fail, "findings: message.timestamp.type", "LogAppendTime"},
		{"unclean election", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["events"]["unclean.leader.election.enable"] = "true"
		}, topics.Fail, "lose accepted records", "false"},
		{"accepted by one", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["events"]["min.insync.replicas"] = "1"
		}, topics.Warn, "events: min.insync.replicas is 1; want 2", "2"},
		{"more in sync than there are", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, _ *topics.Expect) {
			s["events"]["min.insync.replicas"] = "4"
		}, topics.Fail, "with 3 copies nobody can write", "2"},
		{"embedded", func(_ map[string]*wkafka.Topic, s map[string]map[string]string, e *topics.Expect) {
			e.Embedded = true
			s["events"]["min.insync.replicas"], s["events"]["message.timestamp.type"] = "1", "CreateTime"
		}, topics.OK, "", ""},
	} {
		found, settings, e := sound()
		tc.spoil(found, settings, &e)
		var list []wkafka.Topic
		for _, f := range found {
			list = append(list, *f)
		}
		got := topics.Check(list, settings, e)
		if tc.want == "" {
			if len(got) != 0 {
				t.Errorf("%s: Check = %v; want no difference", tc.name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Level != tc.level || !strings.Contains(got[0].String(), tc.want) || got[0].Alter != tc.alter || got[0].Next == "" {
			t.Errorf("%s: Check = %+v; want one of level %s with %q, set to %q, and a next step", tc.name, got, tc.level, tc.want, tc.alter)
		}
	}
}
