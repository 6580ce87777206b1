package wkafka

import (
	"errors"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// ConsumerConfig says what to read as which group.
type ConsumerConfig struct {
	Config
	Group  string
	Topics []string

	MaxRecords int           // of one Fetch; 0: 1000
	MaxBytes   int           // of one answer of a broker; 0: 1 MiB. One batch always fits.
	MaxWait    time.Duration // for records before a broker answers "none"; 0: 500 ms

	// SessionTimeout is after how long without a heartbeat the group gives this
	// member's partitions away; 0: 10 s. Brokers refuse less than 6 s unless
	// told otherwise.
	SessionTimeout time.Duration
	// RebalanceTimeout is how long the group waits for this member to finish
	// what it has in hand and join again; 0: 30 s.
	RebalanceTimeout time.Duration

	// ResetOutOfRange goes on at the start of the log, logged and counted, when
	// the records to read next were removed. By default Consume returns an
	// *OutOfRangeError.
	ResetOutOfRange bool

	Log   *slog.Logger // nil: nothing is logged
	Hooks Hooks
}

// Hooks are told what happens inside, for metrics. Each may be nil, and is
// called from several goroutines.
type Hooks struct {
	Assigned func(partitions int)  // a generation began with so many partitions
	Retried  func(what string)     // "fetch", "commit", "join", "produce": one more attempt
	Lost     func(records int64)   // ResetOutOfRange passed over so many
	Produced func(d time.Duration) // a batch was acknowledged after d, by PublisherConfig.Now
}

func (h Hooks) retry(what string) {
	if h.Retried != nil {
		h.Retried(what)
	}
}

func (h Hooks) lost(n int64) {
	if h.Lost != nil {
		h.Lost(n)
	}
}

const (
	defaultSession   = 10 * time.Second
	defaultRebalance = 30 * time.Second
	heartbeats       = 10 // per session: a leaving member is noticed after 1/10 of it
	joinBackoff      = time.Second
	partitionWatch   = 30 * time.Second
)

func (c ConsumerConfig) withDefaults() (ConsumerConfig, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	if c.Group == "" || len(c.Topics) == 0 {
		return c, errors.New("kafka: a consumer needs a group and at least one topic")
	}
	if c.MaxRecords == 0 {
		c.MaxRecords = defaultMaxRecords
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.MaxWait == 0 {
		c.MaxWait = defaultMaxWait
	}
	if c.SessionTimeout == 0 {
		c.SessionTimeout = defaultSession
	}
	if c.RebalanceTimeout == 0 {
		c.RebalanceTimeout = defaultRebalance
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// group is c for kafka-go.
func (c ConsumerConfig) group() kafka.ConsumerGroupConfig {
	return kafka.ConsumerGroupConfig{
		ID: c.Group, Brokers: c.Brokers, Dialer: c.dialer(), Topics: c.Topics,
		// Range gives the same partitions of every topic to the same member.
		GroupBalancers:         []kafka.GroupBalancer{kafka.RangeGroupBalancer{}},
		HeartbeatInterval:      c.SessionTimeout / heartbeats,
		SessionTimeout:         c.SessionTimeout,
		RebalanceTimeout:       c.RebalanceTimeout,
		JoinGroupBackoff:       joinBackoff,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: partitionWatch,
		StartOffset:            kafka.FirstOffset,
		Timeout:                requestTimeout,
	}
}
