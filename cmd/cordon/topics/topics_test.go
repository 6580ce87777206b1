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
		if s.Name == names.Devices() && (s.Config["cleanup.policy"] != "delete" || s.Config["retention.ms"] != "-1") {
			t.Errorf("%s = %v; want every description kept: old events are resolved by the one of their time", s.Name, s.Config)
		}
		if s.Name == names.Actions() && s.Config["retention.ms"] != "-1" {
			t.Errorf("retention of %s = %s; want -1: quarantines are a fold of all of it", s.Name, s.Config["retention.ms"])
		}
	}
	if grown := topics.MaxRaw * 4 / 3; grown > topics.MaxRecord {
		t.Errorf("a refused record of %s bytes grows to %d in base64; the limit is %d", strconv.Itoa(topics.MaxRaw), grown, topics.MaxRecord)
	}
}
