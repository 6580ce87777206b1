package wkafka

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
)

// feed makes messages of the records of one claim.
type feed struct {
	cfg    *SubscriberConfig
	claim  *Claim
	mint   *minter
	dead   *deadLetters
	delays nackDelays
	out    chan<- *message.Message
}

func newFeed(cfg *SubscriberConfig, c *Claim, base context.Context, out chan<- *message.Message) *feed {
	dead := cfg.deadLetters()
	c.reader.stallAfter = cfg.StallAfter
	return &feed{
		cfg: cfg, claim: c, mint: newMinter(c, base, dead.to != nil), dead: dead,
		delays: nackDelays{cfg.NackDelay, cfg.NackDelayMax}, out: out,
	}
}

func (f *feed) newWatch() watch {
	return watch{claim: f.claim, after: f.cfg.StallAfter, log: f.cfg.Log}
}
