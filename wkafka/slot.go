package wkafka

import (
	"github.com/ThreeDotsLabs/watermill/message"
)

// slot is one record in a window.
type slot struct {
	state slotState
	batch Batch // its record is the first
	msg   *message.Message
	d     *delivery
	beat  int // when it was handed out
	trials
}

type slotState uint8

const (
	slotReady   slotState = iota // to be handed out
	slotSent                     // with a handler
	slotPausing                  // until its next delivery
	slotParking                  // being written to the dead letters
	slotDone                     // waits for those before it
)

// verdict is what the handler of a message that was handed out has said.
type verdict uint8

const (
	silent verdict = iota
	acked
	nacked
)

func answer(msg *message.Message) verdict {
	select {
	case <-msg.Acked():
		return acked
	default:
	}
	select {
	case <-msg.Nacked():
		return nacked
	default:
		return silent
	}
}

// where is what a record in this state waits for.
func (s slotState) where() string {
	switch s {
	case slotReady:
		return StallReceive
	case slotPausing:
		return StallRetry
	case slotParking:
		return StallPark
	default:
		return StallHandle
	}
}

// ring holds the slots of a window by their number; numbers go up by one with
// each record.
type ring struct {
	slots      []slot
	first, end uint64
}

func (r *ring) at(n uint64) *slot { return &r.slots[n%uint64(len(r.slots))] }
func (r *ring) full() bool        { return r.end-r.first == uint64(len(r.slots)) }
func (r *ring) empty() bool       { return r.end == r.first }
