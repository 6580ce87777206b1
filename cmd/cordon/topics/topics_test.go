package topics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/wkafka"
)

func TestSpecs(t *testing.T) {
	names := cordon.Topics{Prefix: "s."}
	specs := topics.Specs(names, 12, 3)
	if want := len(names.All()) + 3; len(specs) != want { // and those of state, rulesets and changes
		t.Fatalf("topics = %d; want %d", len(specs), want)
	}
	for _, s := range specs {
		if s.Partitions != 12 || s.Replication != 3 {
			t.Errorf("%s has %d partitions, %d copies; want 12, 3: a device is in the same partition everywhere", s.Name, s.Partitions, s.Replication)
		}
	}
	if grown := topics.MaxRaw * 4 / 3; grown > topics.MaxRecord {
		t.Errorf("a refused record of %d bytes grows to %d in base64; the limit is %d", topics.MaxRaw, grown, topics.MaxRecord)
	}
}

func TestRetention(t *testing.T) {
	names := cordon.Topics{Prefix: "s."}
	for _, tc := range []struct {
		name        string
		specs       []wkafka.TopicSpec
		raw, events string // retention.ms
		bytes       string // retention.bytes of raw topics
	}{
		{"one machine", topics.Specs(names, 4, 1), "604800000", "-1", "268435456"},
		{"deployment", topics.Retention{Raw: time.Hour, Events: 2 * time.Hour}.Specs(names, 4, 1), "3600000", "7200000", ""},
		{"for ever", topics.Retention{}.Specs(names, 4, 1), "-1", "-1", ""},
	} {
		for _, s := range tc.specs {
			ms, bytes, policy := "-1", "", "delete"
			switch {
			case s.Name == names.State():
				ms, policy = "604800000", "compact,delete"
			case strings.HasPrefix(s.Name, "s.raw."):
				ms, bytes = tc.raw, tc.bytes
			case s.Name == names.Events():
				ms = tc.events
			}
			c := s.Config
			if c["retention.ms"] != ms || c["retention.bytes"] != bytes || c["cleanup.policy"] != policy {
				t.Errorf("%s: %s = %v; want retention.ms %s, retention.bytes %q, cleanup.policy %s", tc.name, s.Name, c, ms, bytes, policy)
			}
		}
	}
}
