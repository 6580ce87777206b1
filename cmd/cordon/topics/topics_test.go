package topics_test

import (
	"strconv"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
)

func TestSpecs(t *testing.T) {
	names := cordon.Topics{Prefix: "s."}
	specs := topics.Specs(names, 12, 3)
	if len(specs) != len(names.All()) {
		t.Fatalf("topics = %d; want %d", len(specs), len(names.All()))
	}
	for _, s := range specs {
		if s.Partitions != 12 || s.Replication != 3 {
			t.Errorf("%s has %d partitions, %d copies; want 12, 3: a device is in the same partition everywhere", s.Name, s.Partitions, s.Replication)
		}
		if compact := s.Config["cleanup.policy"] == "compact"; compact != (s.Name == names.Devices()) {
			t.Errorf("%s compacted = %v; only the newest record of a device counts, of nothing else", s.Name, compact)
		}
		if s.Name == names.Actions() && s.Config["retention.ms"] != "-1" {
			t.Errorf("retention of %s = %s; want -1: quarantines are a fold of all of it", s.Name, s.Config["retention.ms"])
		}
	}
	if grown := topics.MaxRaw * 4 / 3; grown > topics.MaxRecord {
		t.Errorf("a refused record of %s bytes grows to %d in base64; the limit is %d", strconv.Itoa(topics.MaxRaw), grown, topics.MaxRecord)
	}
}
