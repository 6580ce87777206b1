package detect

import (
	"context"
	"errors"
	"fmt"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// journal writes the changes of one partition of events, as its owner.
//
// Changes of a partition stand in the partition of the changes topic with its
// number. Whoever takes a partition of events over says so there first: what a
// process writes that had it before, and does not know yet that it lost it,
// stands behind that and does not count. So whoever has read up to its own
// record knows all changes that ever will count before its own.
type journal struct {
	claim holder
	kafka wkafka.Config
	topic string
	key   string // leads to the partition of the topic
	of    int    // partition of events
	owner int64  // where this process said that it took over

	overruns []cordon.Overrun // that counted then
}

// holder is what a journal needs of a stream.Claim.
type holder interface {
	// Append makes recs durable while this process holds the partition.
	Append(ctx context.Context, topic string, recs ...cordon.Record) ([]cordon.Position, error)
	// Lease returns nil while this process certainly holds the partition.
	Lease() error
}

var _ holder = (*stream.Claim)(nil)

// openJournal takes over the changes of partition of events, which claim holds
// from offset start on, and returns those that count.
func openJournal(ctx context.Context, k wkafka.Config, topic string, claim holder, partition int, start int64) (*journal, []cordon.Change, error) {
	n, err := stream.Partitions(ctx, k, topic)
	if err != nil {
		return nil, nil, fmt.Errorf("topic %s: %w; make it with `cordon topic create`", topic, err)
	}
	j := &journal{claim: claim, kafka: k, topic: topic, of: partition, key: changesKey(partition, n)}
	at, err := j.append(ctx, cordon.Change{Kind: cordon.OwnerChange, Partition: partition, Offset: start})
	if err != nil {
		return nil, nil, err
	}
	j.owner = at.Offset
	f, err := readChanges(ctx, k, at, partition)
	j.overruns = f.overruns
	return j, f.changes, err
}

// changesKey returns the key of the changes of partition: the first that leads
// to the partition of its number.
func changesKey(partition, partitions int) string {
	for n := 0; ; n++ {
		key := fmt.Sprintf("events/%d/%d", partition, n)
		if wkafka.PartitionOf([]byte(key), partitions) == partition%partitions {
			return key
		}
	}
}

// readChanges returns what of partition of events stands before until in the
// changes topic and counts, in the order of the offsets.
func readChanges(ctx context.Context, k wkafka.Config, until cordon.Position, of int) (changeFold, error) {
	f := changeFold{of: of}
	_, err := stream.Replay(ctx, k, until.Topic, until.Partition, 0, until.Offset, f.add)
	return f, err
}

// changeFold sorts out which changes of a partition of events count.
type changeFold struct {
	of      int
	owner   int64
	before  int // changes that were there before the first that it is given
	changes []cordon.Change

	overruns []cordon.Overrun
}

func (f *changeFold) add(r cordon.Record) error {
	c, err := cordon.ChangeOf(r)
	if err != nil {
		return err
	}
	switch {
	case c.Partition != f.of:
	case c.Kind == cordon.OwnerChange:
		f.owner = c.Position.Offset
	case c.Kind == cordon.RulesetChange && c.Owner == f.owner && c.Number == f.before+len(f.changes):
		f.changes = append(f.changes, c) // with another number it is one that was sent again
	case c.Kind == cordon.OverrunChange && c.Owner == f.owner && c.Overrun != nil:
		f.overruns = append(f.overruns, *c.Overrun) // the same one twice is one
	}
	return nil
}

// errSuperseded says that a change does not count.
var errSuperseded = errors.New("another process has taken the partition over; this one begins anew when it is started again")

// write makes c durable, an overrun or the change with this number, and reads it
// back: it returns nil if c counts. Nothing may follow from c before.
func (j *journal) write(ctx context.Context, c cordon.Change) error {
	c.Partition, c.Owner = j.of, j.owner
	at, err := j.append(ctx, c)
	if err != nil {
		return err
	}
	f := changeFold{of: j.of, owner: j.owner, before: c.Number}
	if _, err := stream.Replay(ctx, j.kafka, at.Topic, at.Partition, j.owner+1, at.Offset+1, f.add); err != nil {
		return err
	}
	if c.Kind == cordon.RulesetChange && len(f.changes) == 0 || c.Kind == cordon.OverrunChange && f.owner != j.owner {
		return fmt.Errorf("change of partition %d at %s: %w", j.of, at, errSuperseded)
	}
	return nil
}

func (j *journal) append(ctx context.Context, c cordon.Change) (cordon.Position, error) {
	rec, err := c.Record(j.key)
	if err != nil {
		return cordon.Position{}, err
	}
	for {
		at, err := j.claim.Append(ctx, j.topic, rec)
		if err == nil {
			return at[0], nil
		}
		if lost := j.claim.Lease(); lost != nil {
			return cordon.Position{}, errors.Join(lost, err)
		}
		again := errors.Is(err, wkafka.ErrUnknownOutcome) || errors.Is(err, wkafka.ErrFenced) // the latter is another partition's, whose records went out with these
		if ctx.Err() != nil || !again {
			return cordon.Position{}, fmt.Errorf("change of partition %d: %w", c.Partition, err)
		}
	}
}
