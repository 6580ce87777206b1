package topics

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Level says how bad a difference is.
type Level int

// The levels, from good to bad.
const (
	OK Level = iota
	Warn
	Fail
)

// String is OK, WARN or FAIL.
func (l Level) String() string { return [...]string{"OK", "WARN", "FAIL"}[l] }

// MarshalText is String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Difference is something about a topic that is not as cordon needs it.
type Difference struct {
	Topic   string `json:"topic"`
	Setting string `json:"setting"`
	Have    string `json:"have"`
	Want    string `json:"want"`
	Level   Level  `json:"level"`
	Why     string `json:"why"`
	Next    string `json:"next"`
	Alter   string `json:"alter,omitempty"` // value to set; "": it cannot be put right by a setting
}

// String is the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s is %s; want %s: %s", d.Topic, d.Setting, d.Have, d.Want, d.Why)
}

// Expect is what a deployment wants beside what every one needs.
type Expect struct {
	Topics      cordon.Topics
	Specs       []wkafka.TopicSpec
	Partitions  int  // 0: as many as most topics have
	Replication int  // at least
	InSync      int  // min.insync.replicas, at least
	Embedded    bool // the broker that cordon brings: it has no copies and no time of its own
}

// Check compares topics and their settings with what e wants.
func Check(found []wkafka.Topic, settings map[string]map[string]string, e Expect) []Difference {
	byName := map[string]wkafka.Topic{}
	for _, t := range found {
		byName[t.Name] = t
	}
	want := e.Partitions
	if want == 0 {
		want = usual(found)
	}
	var out []Difference
	for _, s := range e.Specs {
		t := byName[s.Name]
		if t.Err != nil || len(t.Partitions) == 0 {
			out = append(out, missing(s, t.Err, s.Name == e.Topics.State()))
			continue
		}
		out = append(out, layout(t, want, e)...)
		out = append(out, configs(s, settings[s.Name], len(t.Partitions[0].Replicas), e)...)
	}
	return out
}

// usual is the number of partitions that most topics have.
func usual(topics []wkafka.Topic) int {
	count := map[int]int{}
	for _, t := range topics {
		if n := len(t.Partitions); n > 0 {
			count[n]++
		}
	}
	best := 0
	for _, n := range slices.Sorted(maps.Keys(count)) {
		if count[n] > count[best] {
			best = n
		}
	}
	return best
}

func missing(s wkafka.TopicSpec, err error, optional bool) Difference {
	d := Difference{Topic: s.Name, Setting: "topic", Have: "missing", Want: "there", Level: Fail,
		Why: "services wait for it", Next: "cordon topic create"}
	if optional {
		d.Level, d.Why = Warn, "services without it read everything again at each start"
	}
	if errors.Is(err, kafka.TopicAuthorizationFailed) {
		d.Have, d.Why, d.Next = "not to be seen", "this principal may not describe it", "allow it Describe, or use the operator's certificate"
	} else if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
		d.Have = err.Error()
	}
	return d
}

// layout checks where the copies of a topic are.
func layout(t wkafka.Topic, partitions int, e Expect) []Difference {
	var out []Difference
	if n := len(t.Partitions); n != partitions {
		out = append(out, Difference{t.Name, "partitions", strconv.Itoa(n), strconv.Itoa(partitions), Fail,
			"a device must be in the same partition of every topic",
			"make the topic anew with the right number while all services are stopped; adding partitions would move devices away from their past", ""})
	}
	copies := len(t.Partitions[0].Replicas)
	for _, p := range t.Partitions {
		copies = min(copies, len(p.Replicas))
	}
	if copies < e.Replication && !e.Embedded {
		out = append(out, Difference{t.Name, "replication", strconv.Itoa(copies), strconv.Itoa(e.Replication) + " or more", Warn,
			"a lost disk loses accepted records", "kafka-reassign-partitions with more replicas", ""})
	}
	return append(out, health(t)...)
}

// health is what a topic suffers from at the moment.
func health(t wkafka.Topic) []Difference {
	var behind, leaderless []string
	for _, p := range t.Partitions {
		switch {
		case p.Leader < 0:
			leaderless = append(leaderless, strconv.Itoa(p.Number))
		case len(p.InSync) < len(p.Replicas) || len(p.Offline) > 0:
			behind = append(behind, strconv.Itoa(p.Number))
		}
	}
	var out []Difference
	if len(leaderless) > 0 {
		out = append(out, Difference{t.Name, "leader", "none for " + strings.Join(leaderless, ","), "one for each partition", Fail,
			"nobody can read or write them", "start the brokers that have their copies", ""})
	}
	if len(behind) > 0 {
		out = append(out, Difference{t.Name, "in-sync copies", "not all for " + strings.Join(behind, ","), "all", Warn,
			"one more broker lost may lose records or stop writes", "start the broker that is away, or look why it is slow", ""})
	}
	return out
}

// configs checks the settings of a topic that has so many copies.
func configs(s wkafka.TopicSpec, have map[string]string, copies int, e Expect) []Difference {
	if have == nil {
		return nil // they cannot be read; who asked says so
	}
	c := checker{topic: s.Name, have: have}
	c.equal("cleanup.policy", s.Config["cleanup.policy"], Fail, "compaction removes records that others follow from; without it the state grows for ever")
	if !e.Embedded {
		c.equal("message.timestamp.type", s.Config["message.timestamp.type"], Fail, "leases and freshness are measured by when the log took a record, not by a sender's clock")
	}
	c.atLeast("retention.ms", s.Config["retention.ms"], "records are removed that services read again, or have not read yet")
	if !e.Embedded { // it limits raw topics, so as not to fill a laptop
		c.atLeast("retention.bytes", either(s.Config["retention.bytes"], "-1"), "records are removed that services read again, or have not read yet")
	}
	c.atLeast("max.message.bytes", s.Config["max.message.bytes"], "records are refused that cordon writes")
	c.equal("unclean.leader.election.enable", "false", Fail, "a copy that lags behind may become leader and lose accepted records")
	c.inSync(copies, e)
	return c.out
}

// either is the first that is not empty.
func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type checker struct {
	topic string
	have  map[string]string
	out   []Difference
}

func (c *checker) add(setting, want string, l Level, why, next, alter string) {
	c.out = append(c.out, Difference{c.topic, setting, readable(setting, c.have[setting]), readable(setting, want), l, why, next, alter})
}

const alterIt = "cordon topic check --alter"

func (c *checker) equal(setting, want string, l Level, why string) {
	have, told := c.have[setting]
	if !told || same(have, want) {
		return
	}
	c.add(setting, want, l, why, alterIt, want)
}

// same compares lists without their order.
func same(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// atLeast wants a number, of which -1 is without end, that is not below want.
func (c *checker) atLeast(setting, want, why string) {
	have, err := strconv.ParseInt(c.have[setting], 10, 64)
	least, err2 := strconv.ParseInt(want, 10, 64)
	if err != nil || err2 != nil || have == least || have == -1 && setting != "max.message.bytes" {
		return
	}
	if have > least && least != -1 {
		return
	}
	level := Fail
	if least != -1 && strings.HasPrefix(setting, "retention") {
		level = Warn // it is shorter than the default, which somebody may have wanted
	}
	c.add(setting, want, level, why, alterIt, want)
}

func (c *checker) inSync(copies int, e Expect) {
	const setting = "min.insync.replicas"
	n, err := strconv.Atoi(c.have[setting])
	switch {
	case err != nil || e.Embedded:
	case n > copies:
		c.add(setting, strconv.Itoa(copies)+" or fewer", Fail, fmt.Sprintf("with %d copies nobody can write", copies), alterIt, strconv.Itoa(max(1, min(e.InSync, copies-1))))
	case n < e.InSync && copies > e.InSync:
		c.add(setting, strconv.Itoa(e.InSync), Warn, "a record may be accepted that one broker alone has", alterIt, strconv.Itoa(e.InSync))
	case n < e.InSync:
		c.add(setting, strconv.Itoa(e.InSync), Warn, "a record may be accepted that one broker alone has", fmt.Sprintf("first more than %d copies, or one broker that stops would stop all writes", e.InSync), "")
	}
}

// readable adds to a number what it means.
func readable(setting, value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case value == "":
		return "not set"
	case err != nil:
		return value
	case strings.HasPrefix(setting, "retention") && n == -1:
		return "for ever"
	case setting == "retention.ms":
		return fmt.Sprintf("%s (%v)", value, time.Duration(n)*time.Millisecond)
	case strings.HasSuffix(setting, ".bytes"):
		return fmt.Sprintf("%s (%.1f MiB)", value, float64(n)/(1<<20))
	}
	return value
}
