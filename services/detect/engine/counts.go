package engine

import (
	"sync"
	"sync/atomic"
)

// Counts are the counters of policies, by id. Engines of several partitions
// add to the same ones; they only grow.
type Counts struct {
	Events     atomic.Int64 // that all policies were asked about
	Duplicates atomic.Int64 // events that had been delivered before
	mu         sync.Mutex
	policies   map[string]*PolicyCounts
}

// PolicyCounts are the counters of one policy.
type PolicyCounts struct {
	Candidates atomic.Int64 // events given to OPA because the findings rule may hold
	Observed   atomic.Int64 // given to OPA to decide an observe rule
	Findings   atomic.Int64 // emitted
	Suppressed atomic.Int64 // matched again, or may have, within the policy's suppress time
	Forgotten  atomic.Int64 // devices and keys of which suppression no longer knows that they matched: there were too many
	Errors     atomic.Int64 // evaluations that ended in an error: the policy was silent on the event
	Timeouts   atomic.Int64 // evaluations that the watchdog stopped: likewise
	Builtins   atomic.Int64 // errors of builtins; the condition counted as undefined
	Disabled   atomic.Int64 // partitions of this process in which it is disabled
	Audited    atomic.Int64 // rules that OPA was asked for although their native form said no
	Mismatches atomic.Int64 // of these, rules that hold
	Cost       Cost         // of evaluations by OPA
	Windows    map[string]*WindowCounts
}

// WindowCounts are the counters of one window.
type WindowCounts struct {
	Late    atomic.Int64 // events too old to be counted
	Evicted atomic.Int64 // keys forgotten because there were too many
}

// NewCounts returns counters at zero.
func NewCounts() *Counts { return &Counts{policies: map[string]*PolicyCounts{}} }

// of returns the counters of p and of its windows. The map is never written
// again: who needs other windows gets another.
func (c *Counts) of(p *Policy) (*PolicyCounts, map[string]*WindowCounts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.policies[p.ID]
	if !ok {
		n = &PolicyCounts{}
		c.policies[p.ID] = n
	}
	windows := map[string]*WindowCounts{}
	for _, w := range p.windows {
		if windows[w.Name] = n.Windows[w.Name]; windows[w.Name] == nil {
			windows[w.Name] = &WindowCounts{}
		}
	}
	n.Windows = windows
	return n, windows
}

// Each calls f for every policy that has counters.
func (c *Counts) Each(f func(id string, n *PolicyCounts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, n := range c.policies {
		f(id, n)
	}
}
