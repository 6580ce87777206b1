// Package topics says how the topics of cordon are to be made, on any broker.
package topics

import (
	"strconv"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Sizes in bytes.
const (
	MaxRaw    = 2 << 20   // of a raw record; a line this long still reaches ingest, which refuses it with its bytes kept
	MaxRecord = 8 << 20   // of every other record; a refused line is longer in base64
	Segment   = 16 << 20  // of a partition's file
	KeepRaw   = 256 << 20 // of a partition of a raw topic, on a machine for development
)

// How long a deployment keeps records where nothing else is asked for.
const (
	DefaultRaw    = 7 * 24 * time.Hour  // to notice that ingest stands still, and to mend it
	DefaultEvents = 30 * 24 * time.Hour // detect reads all of it when it has no snapshot of a partition
	keepState     = 7 * 24 * time.Hour  // snapshots of partitions in which nothing happens, and of programs that are gone
)

// Retention says how long the log keeps records. Rejected, findings, actions,
// devices, rulesets and changes stay for ever: they are few, quarantines are a
// fold of all actions, and an event is resolved by the description of its time
// and evaluated by the policies of its place.
type Retention struct {
	Raw      time.Duration // of the raw topics; 0: for ever
	RawBytes int           // of a partition of a raw topic, whether it was read or not; 0: no limit
	Events   time.Duration // of events; 0: for ever
}

// Specs are all topics of t for a broker that shares a machine with all else:
// raw records do not fill its disk.
func Specs(t cordon.Topics, partitions, replication int) []wkafka.TopicSpec {
	return Retention{Raw: DefaultRaw, RawBytes: KeepRaw}.Specs(t, partitions, replication)
}

// Specs are all topics of t. All have the same number of partitions, so that a
// device is in the same one everywhere; replication 0 is the broker's default.
func (r Retention) Specs(t cordon.Topics, partitions, replication int) []wkafka.TopicSpec {
	var out []wkafka.TopicSpec
	for _, name := range append(t.All(), t.State(), t.Rulesets(), t.Changes()) {
		out = append(out, wkafka.TopicSpec{Name: name, Partitions: partitions, Replication: replication, Config: r.config(t, name)})
	}
	return out
}

// config returns the settings of topic. The time of a record is to be when
// the log took it; the embedded broker keeps the producer's time instead.
func (r Retention) config(t cordon.Topics, topic string) map[string]string {
	c := map[string]string{
		"message.timestamp.type": "LogAppendTime",
		"segment.bytes":          strconv.Itoa(Segment),
		"max.message.bytes":      strconv.Itoa(MaxRecord),
		// Compacted, devices would lose what old events are resolved by.
		"cleanup.policy": "delete",
		"retention.ms":   "-1",
	}
	switch topic {
	case t.Events():
		c["retention.ms"] = milliseconds(r.Events)
	case t.Rejected(), t.Findings(), t.Actions(), t.Devices(), t.Rulesets(), t.Changes():
	case t.State():
		c["cleanup.policy"] = "compact,delete"
		c["retention.ms"] = milliseconds(keepState)
		c["min.cleanable.dirty.ratio"] = "0.2" // a snapshot is read with all that lies above it
	default:
		c["max.message.bytes"] = strconv.Itoa(MaxRaw)
		c["retention.ms"] = milliseconds(r.Raw)
		if r.RawBytes > 0 {
			c["retention.bytes"] = strconv.Itoa(r.RawBytes)
		}
	}
	return c
}

func milliseconds(d time.Duration) string {
	if d <= 0 {
		return "-1" // no limit
	}
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}
