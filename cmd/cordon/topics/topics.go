// Package topics says how the topics of cordon are to be made, on any broker.
package topics

import (
	"strconv"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Sizes in bytes.
const (
	MaxRaw    = 2 << 20   // of a raw record; a line this long still reaches ingest, which refuses it with its bytes kept
	MaxRecord = 8 << 20   // of every other record; a refused line is longer in base64
	Segment   = 16 << 20  // of a partition's file
	KeepRaw   = 256 << 20 // of a partition of a raw topic
)

// Specs are all topics of t. All have the same number of partitions, so that a
// device is in the same one everywhere; replication 0 is the broker's default.
func Specs(t cordon.Topics, partitions, replication int) []wkafka.TopicSpec {
	var out []wkafka.TopicSpec
	for _, name := range t.All() {
		out = append(out, wkafka.TopicSpec{Name: name, Partitions: partitions, Replication: replication, Config: configOf(t, name)})
	}
	return out
}

// configOf returns the settings of topic. The time of a record is to be when
// the log took it; the embedded broker keeps the producer's time instead.
func configOf(t cordon.Topics, topic string) map[string]string {
	c := map[string]string{
		"message.timestamp.type": "LogAppendTime",
		"segment.bytes":          strconv.Itoa(Segment),
		"max.message.bytes":      strconv.Itoa(MaxRecord),
	}
	switch topic {
	case t.Devices():
		// Compacted, it would lose what old events are resolved by.
		c["cleanup.policy"], c["retention.ms"] = "delete", "-1"
	case t.Events(), t.Rejected(), t.Findings(), t.Actions():
		c["retention.ms"] = "-1" // state is a fold of these from their start
	default:
		c["max.message.bytes"] = strconv.Itoa(MaxRaw)
		c["retention.bytes"] = strconv.Itoa(KeepRaw)
	}
	return c
}
