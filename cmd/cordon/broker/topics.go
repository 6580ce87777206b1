package broker

import (
	"strconv"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

const (
	maxRaw     = 2 << 20 // a line this long still reaches ingest, which refuses it with its bytes kept
	maxRecord  = 8 << 20 // a refused line is longer in base64
	segment    = 16 << 20
	keepRaw    = 256 << 20 // bytes per partition
	cleanEvery = 60_000    // ms; the cost of a run is that of the data since the last one
)

// Specs are the topics of t as they should be made, on any broker.
func Specs(t cordon.Topics, partitions int) []wkafka.TopicSpec {
	var out []wkafka.TopicSpec
	for _, name := range t.All() {
		out = append(out, wkafka.TopicSpec{Name: name, Partitions: partitions, Config: configOf(t, name)})
	}
	return out
}

// configOf returns the settings of topic. The time of a record is to be when
// the log took it; the embedded broker keeps the producer's time instead.
func configOf(t cordon.Topics, topic string) map[string]string {
	c := map[string]string{
		"message.timestamp.type": "LogAppendTime",
		"segment.bytes":          strconv.Itoa(segment),
		"max.message.bytes":      strconv.Itoa(maxRecord),
	}
	switch topic {
	case t.Devices():
		c["cleanup.policy"] = "compact"
	case t.Events(), t.Rejected(), t.Findings(), t.Actions():
		c["retention.ms"] = "-1" // state is a fold of these from their start
	default:
		c["max.message.bytes"] = strconv.Itoa(maxRaw)
		c["retention.bytes"] = strconv.Itoa(keepRaw)
	}
	return c
}
