package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Checker is a Sink that can be asked what it holds. ClickHouse notes the token
// of an insert before it shows the rows; a server that is killed in between
// takes the repeated insert for a duplicate, and the rows are nowhere. So after
// an insert whose end is not known, Drain looks.
type Checker interface {
	Sink
	// Missing returns the offsets of those records of batch that are not
	// stored. The answer counts when the sink has acknowledged the last token
	// that the batch was sent with. ErrUnchecked says that tokens are to be
	// trusted, or that this process may not look.
	Missing(ctx context.Context, batch []cordon.Record) (map[int64]bool, error)
	// InsertMissing is Insert of the records of batch at those offsets.
	InsertMissing(ctx context.Context, token string, batch []cordon.Record, missing map[int64]bool) error
}

// ErrUnchecked is Missing's answer when it does not know.
var ErrUnchecked = errors.New("what the sink holds is not checked")

// insertion is one batch on its way into the sink. One goroutine owns it.
//
// A token that nobody sent before and that the sink acknowledges at once is
// believed. In every other case it is sent until the sink acknowledges it, also
// when all rows are there, since the tables that follow from them may not have
// theirs; then the sink is asked. A later token stands for the rows that were
// missing, so with one the sink is asked first. Rows that are missing though
// the token was acknowledged are sent again under the next token, which is
// committed first: whoever finds "i:<last>:<n>" knows that all tokens below n
// were acknowledged, and that n may have been. Sending n again is harmless,
// whatever of it is stored: a sink that knows tokens by part, as ClickHouse
// does, leaves out the parts that it has. Where looking is not possible any
// more, n is believed too.
type insertion struct {
	d       *drainer
	batch   []cordon.Record
	attempt int
	doubt   bool           // the token of this attempt may have been sent before
	taken   bool           // the sink has acknowledged it
	believe bool           // this attempt, without a look: it cannot be looked
	missing map[int64]bool // what to send; nil: all
}

// run brings the batch into the sink. It returns an error only when ctx has
// ended or the group has given the partition to somebody else.
func (i *insertion) run(ctx context.Context) error {
	var retry wkafka.Backoff
	for {
		done, err := i.step(ctx)
		if done {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		var fatal *commitError
		if errors.As(err, &fatal) {
			return fatal.err
		}
		i.d.cfg.Metrics.retry(i.d.cfg.Group, "insert")
		if retry.Speak() {
			i.d.cfg.Log.Error("cannot insert; trying the same batch again, the log keeps what comes meanwhile: is the database up, and may this user write?",
				"topic", i.d.claim.Topic, "partition", i.d.claim.Partition, "records", len(i.batch), "err", err)
		}
		if !retry.Wait(ctx) {
			return ctx.Err()
		}
	}
}

// commitError is what ends a partition: the group refused a commit.
type commitError struct{ err error }

func (e *commitError) Error() string { return e.err.Error() }

// step makes one attempt at what is next and reports whether the batch is in.
func (i *insertion) step(ctx context.Context) (done bool, err error) {
	if i.doubt && (i.taken || i.attempt > 0) {
		if done, err := i.check(ctx); done || err != nil {
			return done, err
		}
	}
	if err := i.send(ctx); err != nil {
		i.doubt = true
		return false, err
	}
	i.taken = true
	return !i.doubt, nil
}

// send hands what is missing to the sink, unless this process may have lost the
// partition without knowing: it was stopped for longer than its session.
func (i *insertion) send(ctx context.Context) error {
	if err := i.d.claim.Lease(); err != nil {
		return fmt.Errorf("not inserted while it is not certain who holds the partition: %w", err)
	}
	m := i.d.cfg.Metrics
	began := m.clock()
	var err error
	tok := token(i.batch, i.attempt)
	if c, ok := i.d.sink.(Checker); ok && i.missing != nil {
		err = c.InsertMissing(ctx, tok, i.batch, i.missing)
	} else {
		err = i.d.sink.Insert(ctx, tok, i.batch)
	}
	if err == nil {
		m.inserted(i.d.cfg.Group, m.clock().Sub(began))
	}
	return err
}

// check asks the sink what it holds of the batch.
func (i *insertion) check(ctx context.Context) (done bool, err error) {
	c, ok := i.d.sink.(Checker)
	if !ok {
		return i.taken, nil
	}
	missing, err := c.Missing(ctx, i.batch)
	if errors.Is(err, ErrUnchecked) {
		i.unchecked()
		return i.taken, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the rows of a batch: %w", err)
	}
	i.d.cfg.Metrics.readBack(i.d.cfg.Group, len(missing), len(i.batch))
	if len(missing) == 0 {
		return true, nil
	}
	i.missing = missing
	if len(missing) == len(i.batch) {
		i.missing = nil
	}
	if !i.taken {
		return false, nil
	}
	return false, i.another(ctx)
}

// unchecked says, once, that the newest token is believed though an earlier one
// was acknowledged in vain. This process may not know which rows were missing
// then, and sends all: better twice than not at all, and than never to go on.
func (i *insertion) unchecked() {
	if i.attempt == 0 || i.believe {
		return
	}
	i.believe = true
	i.d.cfg.Metrics.readBack(i.d.cfg.Group, -1, len(i.batch))
	i.d.cfg.Log.Error("rows of a batch were missing and it cannot be looked any more which; it is inserted under the newest token, and rows that are there may come twice: may this user still read topic, kafka_partition and kafka_offset?",
		"topic", i.d.claim.Topic, "partition", i.d.claim.Partition, "first", i.batch[0].Position.Offset,
		"last", intentOf(i.batch, 0).last, "attempt", i.attempt, "missing", len(i.missing))
}

// another announces the next token, after the sink has acknowledged this one
// and does not have the rows.
func (i *insertion) another(ctx context.Context) error {
	i.d.cfg.Log.Warn("the database took a batch for a duplicate and does not have its rows; they are inserted under another token",
		"topic", i.d.claim.Topic, "partition", i.d.claim.Partition, "first", i.batch[0].Position.Offset,
		"last", intentOf(i.batch, 0).last, "attempt", i.attempt+1)
	if err := i.d.claim.Commit(ctx, i.d.next, intentOf(i.batch, i.attempt+1).String()); err != nil {
		return &commitError{err}
	}
	i.attempt++
	i.doubt, i.taken = false, false
	return nil
}
