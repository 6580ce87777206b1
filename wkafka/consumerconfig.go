package wkafka

import (
	"errors"
	"log/slog"
	"time"
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
	// RebalanceTimeout is how long the group waits for this member to join again
	// when others come or go, and to give up a partition that goes to another
	// one; 0: 10 s, or the session timeout if that is longer. After four fifths
	// of it the member leaves and all its partitions are fenced; so are those of
	// a member that others keep waiting for so long. A member that dies while it
	// joins may hold all others up for as long.
	RebalanceTimeout time.Duration
	// GroupInstanceID makes the membership static (KIP-345): a process that
	// comes back with the same id within the session timeout gets what it had
	// and nothing moves. It does not leave the group when it stops, so that
	// others take over after the session timeout. No two processes may have the
	// same one at a time. "": none.
	GroupInstanceID string
	// Now is the clock of Claim.Lease and of the times in dead letters. It must
	// go on while the process is stopped, as time.Now does. nil: leases do not
	// look at the time.
	Now func() time.Time

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
	Assigned   func(partitions int)  // a generation began with so many partitions
	Revoked    func(partitions int)  // so many were given up for another member
	Expelled   func(partitions int)  // the session was lost with so many
	Rebalanced func(d time.Duration) // a new generation took so long, by ConsumerConfig.Now; retained partitions went on
	Retried    func(what string)     // "fetch", "commit", "join", "produce": one more attempt
	Lost       func(records int64)   // ResetOutOfRange passed over so many
	Produced   func(d time.Duration) // a batch was acknowledged after d, by PublisherConfig.Now

	DeliveryHooks
	PublishHooks
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

func (h Hooks) assigned(n int) {
	if h.Assigned != nil {
		h.Assigned(n)
	}
}

func (h Hooks) revoked(n int) {
	if h.Revoked != nil {
		h.Revoked(n)
	}
}

func (h Hooks) expelled(n int) {
	if h.Expelled != nil {
		h.Expelled(n)
	}
}

const (
	defaultSession   = 10 * time.Second
	defaultRebalance = 10 * time.Second
	partitionWatch   = 2 * time.Second // for topics that grow; asks nobody, the connections know
	leaveTimeout     = 3 * time.Second
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
		c.RebalanceTimeout = max(defaultRebalance, c.SessionTimeout)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
