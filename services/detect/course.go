package detect

import (
	"context"
	"fmt"

	"github.com/cordon-iot/cordon"
)

// course says which set of policies holds for which events of a partition: as
// the log has it, and from there on as this process decides. One goroutine
// uses it.
type course struct {
	changes []cordon.Change // in the order of their offsets
	next    int             // the first of them that is still to come

	fetch  func(cordon.Change) (*ruleset, error)      // the set of a change
	latest func() *ruleset                            // what is to hold from now on
	write  func(context.Context, cordon.Change) error // makes a change durable
	free   func() int64                               // the first event of which no findings can be in the log yet
}

// begin returns the set that holds for the event at offset, the first that is
// looked at. What stands before the first change was evaluated by the set of
// that change, as far as the log knows.
func (c *course) begin(offset int64) (*ruleset, error) {
	for c.next < len(c.changes) && c.changes[c.next].Offset <= offset {
		c.next++
	}
	if len(c.changes) == 0 {
		return c.latest(), nil
	}
	return c.fetch(c.changes[max(c.next-1, 0)])
}

// due returns the set that the log says holds from an event at or before
// offset on and that was not returned yet, or nil. There may be more.
func (c *course) due(offset int64) (*ruleset, error) {
	if c.next == len(c.changes) || c.changes[c.next].Offset > offset {
		return nil, nil
	}
	c.next++
	return c.fetch(c.changes[c.next-1])
}

// evaluated reports whether whoever had the partition before has evaluated the
// event at offset, and died before the commit.
func (c *course) evaluated(offset int64) bool { return c.free != nil && offset < c.free() }

// decide returns the set that is to hold from the event in on in place of
// current, or nil, and writes that down. The first time it writes down that
// current holds.
func (c *course) decide(ctx context.Context, in cordon.Record, current *ruleset) (*ruleset, error) {
	if c.next < len(c.changes) {
		return nil, nil // decided for a later event already
	}
	if len(c.changes) == 0 {
		if err := c.change(ctx, in, current); err != nil {
			return nil, err
		}
	}
	latest := c.latest()
	if latest.at.Offset <= current.at.Offset || latest.digest == current.digest {
		return nil, nil
	}
	if c.evaluated(in.Position.Offset) {
		return nil, nil // by current
	}
	return latest, c.change(ctx, in, latest)
}

func (c *course) change(ctx context.Context, in cordon.Record, to *ruleset) error {
	made := cordon.Change{
		Kind: cordon.RulesetChange, Offset: in.Position.Offset, Time: in.Time,
		Number: len(c.changes), Ruleset: to.digest, RulesetAt: to.at.String(), Author: to.author,
	}
	if err := c.write(ctx, made); err != nil {
		return err
	}
	c.changes = append(c.changes, made)
	c.next = len(c.changes)
	return nil
}

// resume goes on after the n-th change, where a state of the set digest stands
// that has seen the event at offset last, and returns that set. It fails if the
// log has it otherwise.
func (c *course) resume(n int, offset int64, digest string) (*ruleset, error) {
	if n < 0 || n > len(c.changes) ||
		n > 0 && c.changes[n-1].Offset > offset ||
		n < len(c.changes) && c.changes[n].Offset <= offset {
		return nil, fmt.Errorf("the state has seen %d changes of policies before offset %d; the log has others", n, offset)
	}
	set := c.latest()
	if len(c.changes) > 0 {
		var err error
		if set, err = c.fetch(c.changes[max(n-1, 0)]); err != nil {
			return nil, err
		}
	}
	if set.digest != digest {
		return nil, fmt.Errorf("the state is of policies %s; at offset %d the log has %s", short(digest), offset, short(set.digest))
	}
	c.next = n
	return set, nil
}
