package wkafka

import "time"

// DeliveryHooks are told what becomes of records on their way to a handler, for
// metrics. Each may be nil, and is called from several goroutines.
type DeliveryHooks struct {
	// Failed: a delivery ended without acknowledgement, for ReasonNack or
	// ReasonDeadline.
	Failed func(topic string, partition int, reason string)
	// Parked: a record is among the dead letters, durably, and will not be
	// delivered again.
	Parked func(topic string, partition int, reason string)
	// Exhausted: a record should be parked and was not, because there are no
	// dead letters or they could not be written. It is delivered again.
	Exhausted func(topic string, partition int)
	// Stalled: there are records and nothing has moved for a while.
	Stalled func(Stall)
}

func (h DeliveryHooks) failed(topic string, partition int, reason string) {
	if h.Failed != nil {
		h.Failed(topic, partition, reason)
	}
}

func (h DeliveryHooks) parked(topic string, partition int, reason string) {
	if h.Parked != nil {
		h.Parked(topic, partition, reason)
	}
}

func (h DeliveryHooks) exhausted(topic string, partition int) {
	if h.Exhausted != nil {
		h.Exhausted(topic, partition)
	}
}

func (h DeliveryHooks) stalled(s Stall) {
	if h.Stalled != nil {
		h.Stalled(s)
	}
}

// Where a partition stalls.
const (
	StallFetch    = "fetch"       // brokers hand out nothing, though the log is longer
	StallReceive  = "receive"     // nobody takes messages from the channel of Subscribe
	StallHandle   = "handle"      // the oldest message is neither acknowledged nor refused
	StallRetry    = "retry"       // the oldest message waits for its next delivery
	StallPark     = "dead letter" // the oldest message cannot be written to the dead letters
	defaultStall  = time.Minute
	stallInterval = 4 // looks per StallAfter
)

// Stall is a partition with records that nothing happens to.
type Stall struct {
	Topic     string
	Partition int
	Where     string        // one of the Stall constants
	Next      int64         // offset of the oldest record that is not done with
	End       int64         // offset after the last record known to be in the log
	For       time.Duration // without any progress, about
}
