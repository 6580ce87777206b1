package wkafka

import "time"

// PublishHooks are the Hooks of a Publisher.
type PublishHooks struct {
	Batched  func(records, bytes int) // a batch of so many records was acknowledged, and took bytes on the wire
	Queued   func(records, bytes int) // what is held for callers has changed to this; must not block
	ReadBack func(found bool)         // an answer was lost, and the log was looked through for the batch
	Unknown  func(records int)        // an append of so many ended with ErrUnknownOutcome
}

func (h Hooks) produced(d time.Duration, records, bytes int) {
	if h.Produced != nil {
		h.Produced(d)
	}
	if h.Batched != nil {
		h.Batched(records, bytes)
	}
}

func (h Hooks) readBack(found bool) {
	if h.ReadBack != nil {
		h.ReadBack(found)
	}
}

func (h Hooks) unknown(records int) {
	if h.Unknown != nil {
		h.Unknown(records)
	}
}
