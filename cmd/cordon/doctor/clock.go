package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon/wkafka"
)

// scratch is the topic, after the prefix, into which a record is written to
// learn a broker's time. Nobody reads it.
const scratch = "cordon.doctor"

const (
	skewWarn = time.Second
	skewFail = time.Minute // leases and freshness are of minutes
)

// clock compares the brokers' clocks with this machine's.
//
// A broker tells its time in one place alone: it stamps records of a topic with
// LogAppendTime and says with which time in its answer. So one record goes to
// each broker in a topic of its own, kept for a minute. The true difference is
// within half the time between question and answer of what is found.
func (e *exam) clock(ctx context.Context) {
	switch {
	case e.Expect.Embedded:
		e.ok("clock", "broker", "the embedded broker takes the senders' time")
		return
	case e.ReadOnly:
		return
	}
	topic := e.Topics.Prefix + scratch
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err := wkafka.CreateTopics(ctx, e.cfg, wkafka.TopicSpec{
		Name: topic, Partitions: len(e.cluster.Brokers), Replication: 1,
		Config: map[string]string{"message.timestamp.type": "LogAppendTime", "retention.ms": "60000", "cleanup.policy": "delete"},
	})
	if err != nil {
		e.warn("clock", "brokers", "allow this principal Create and Write on "+topic+", or leave it out with --read-only", "not measured: %v", err)
		return
	}
	c, err := wkafka.DescribeCluster(ctx, e.cfg, topic)
	if err != nil || len(c.Topics) != 1 {
		e.warn("clock", "brokers", "", "not measured: %v", err)
		return
	}
	measured := map[int]bool{}
	for _, p := range c.Topics[0].Partitions {
		if !measured[p.Leader] {
			measured[p.Leader] = true
			e.skew(ctx, topic, p)
		}
	}
}

func (e *exam) skew(ctx context.Context, topic string, p wkafka.Partition) {
	name := fmt.Sprintf("broker %d", p.Leader)
	tr := &kafka.Transport{TLS: e.cfg.TLS, SASL: e.cfg.SASL, ClientID: e.cfg.ClientID}
	defer tr.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(e.cfg.Brokers...), Transport: tr}
	var theirs time.Time
	var diff, off time.Duration
	for range 2 { // the first one connects, which takes longer
		begun := e.Now()
		res, err := client.Produce(ctx, &kafka.ProduceRequest{
			Topic: topic, Partition: p.Number, RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("what time is it?"))}),
		})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			e.warn("clock", name, "", "not measured: %v", err)
			return
		}
		took := e.Now().Sub(begun)
		theirs, off = res.LogAppendTime, took/2
		diff = theirs.Sub(begun.Add(off))
	}
	e.judge(name, theirs, diff, off)
}

func (e *exam) judge(name string, theirs time.Time, diff, off time.Duration) {
	side := "ahead of"
	if diff < 0 {
		side = "behind"
	}
	saw := fmt.Sprintf("%v %s this machine's, give or take %v", diff.Abs().Round(time.Millisecond), side, off.Round(time.Millisecond)+time.Millisecond)
	const next = "let all machines follow the same time server (chrony, systemd-timesyncd)"
	switch wrong := diff.Abs() - off; {
	case theirs.Year() < 2000:
		e.warn("clock", name, "", "not measured: the broker does not stamp records")
	case wrong > skewFail:
		e.fail("clock", name, next, "%s: leases and freshness are measured by the log's time", saw)
	case wrong > skewWarn:
		e.warn("clock", name, next, "%s: leases and freshness are measured by the log's time", saw)
	default:
		e.ok("clock", name, "%s", saw)
	}
}
