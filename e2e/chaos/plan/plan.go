// Package plan says what goes wrong, where and in which order: a seeded
// shuffle of everything that can go wrong at every place, so that a run of some
// length has been through all of it.
package plan

import (
	"fmt"
	"math/rand/v2"
)

// Act is what is done.
type Act string

// Acts.
const (
	Kill  Act = "kill"  // SIGKILL; started again later
	End   Act = "end"   // SIGTERM, a clean stop; started again later
	Stop  Act = "stop"  // SIGSTOP for longer than the session, then SIGCONT
	Pause Act = "pause" // SIGSTOP for less than the session
	Cut   Act = "cut"   // the connection ends
	Late  Act = "late"  // the connection ends, the request arrives later all the same
	Fail  Act = "fail"  // an HTTP status of 500
	Slow  Act = "slow"  // the answer takes longer than is waited for it
	Move  Act = "move"  // other brokers become the leaders
)

// When is on which side of the effect something is done.
type When string

// Sides.
const (
	Before When = "before" // the request has not been forwarded
	After  When = "after"  // its effect is there, its sender does not know
	Random When = "random" // at no request, but at any time
)

// Site is a place at which things go wrong.
type Site struct {
	Service string // of the instance that makes the request, or "broker", "store"
	Op      string // such as "Produce events"; "" with Random
}

// Card is one thing to go wrong.
type Card struct {
	Site Site
	When When
	Act  Act
	Skip int // requests of Site to let through first
}

// String names the card.
func (c Card) String() string {
	if c.When == Random {
		return fmt.Sprintf("%s %s at random", c.Act, c.Site.Service)
	}
	return fmt.Sprintf("%s %s %s %s", c.Act, c.Site.Service, c.When, c.Site.Op)
}

// Deck is an endless supply of cards. It is not safe for concurrent use.
type Deck struct {
	all  []Card
	left []Card
	rand *rand.Rand
}

// NewDeck returns a deck of the cards all, in an order that follows from seed.
func NewDeck(all []Card, seed uint64) *Deck {
	return &Deck{all: all, rand: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // it is to be repeatable
}

// maxSkip is the most requests of a site that are let through before a card.
const maxSkip = 6

// Next draws a card. Each is drawn once before one is drawn again.
func (d *Deck) Next() Card {
	if len(d.left) == 0 {
		d.left = append(d.left, d.all...)
		d.rand.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
		for i := range d.left {
			d.left[i].Skip = d.rand.IntN(maxSkip + 1)
		}
	}
	c := d.left[0]
	d.left = d.left[1:]
	return c
}

// Return puts a card that could not be played below those that are left; then
// it strikes at the first request of its site.
func (d *Deck) Return(c Card) {
	c.Skip = 0
	d.left = append(d.left, c)
}

// Len is how many cards the deck has.
func (d *Deck) Len() int { return len(d.all) }

// Rand is the deck's source of chance, for what else has to be chosen.
func (d *Deck) Rand() *rand.Rand { return d.rand }
