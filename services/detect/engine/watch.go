package engine

import (
	"sync"
	"time"
)

const (
	// budgetTicks are the parts in which a budget passes. Of a process that is
	// stopped, or a machine that sleeps, one part passes and not all of them.
	budgetTicks = 10

	// repeatSlack is how many budgets an evaluation has that came to its end
	// before: it will come to the same one.
	repeatSlack = 20
)

// countdown calls stop when a budget has passed.
type countdown struct {
	every time.Duration
	start func(time.Duration, func()) (stop func())
	stop  func()

	mu     sync.Mutex
	left   int
	ended  bool
	cancel func() // of the part that runs
}

// begin starts c; the function that it returns ends it.
func (c *countdown) begin() (end func()) {
	c.next()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended = true
		if c.cancel != nil {
			c.cancel()
		}
	}
}

// next begins the next part, or says that there is none left.
func (c *countdown) next() {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	if c.left == 0 {
		c.mu.Unlock()
		c.stop()
		return
	}
	c.left--
	c.mu.Unlock()
	cancel := c.start(c.every, c.next) // may call next itself
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		cancel()
		return
	}
	c.cancel = cancel
}

// watch calls stop once the budget of an evaluation has passed, unless end is
// called before.
func (o *oracle) watch(stop func()) (end func()) {
	c := &countdown{
		every: o.budget / budgetTicks, left: budgetTicks * max(1, o.slack),
		start: o.watchdog, stop: stop,
	}
	return c.begin()
}
