package stream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/tracing"
	"github.com/cordon-iot/cordon/wkafka"
)

// Sink takes batches of one topic. Several partitions call it at once.
type Sink interface {
	// Insert stores batch durably. The same batch with the same token may come
	// again after a crash or an error and must have no further effect. The
	// records may be used after Insert has returned.
	Insert(ctx context.Context, token string, batch []cordon.Record) error
}

// DrainConfig says what Drain reads and where it puts it.
type DrainConfig struct {
	Kafka  wkafka.Config
	Group  string
	Topics []string
	Sink   func(topic string) Sink

	MaxRecords int           // of a batch; 0: 10,000
	MaxWait    time.Duration // for a batch to fill after its first record; 0: 1 s
	Session    time.Duration // see Config
	// Now tells whether this process was stopped for longer than its session,
	// and may have lost a partition without knowing; nil: nobody asks.
	Now     func() time.Time
	Log     *slog.Logger    // nil: nothing is logged
	Metrics *Metrics        // nil: nothing is counted
	Traces  *tracing.Tracer // nil: nothing is traced
}

const (
	defaultDrainRecords = 10_000
	defaultDrainWait    = time.Second
	farewell            = 3 * time.Second // for the last commit, when the partition is taken away
)

func (c DrainConfig) withDefaults() (DrainConfig, error) {
	if c.Sink == nil {
		return c, errors.New("stream: nothing to drain into: set Sink")
	}
	if c.MaxRecords == 0 {
		c.MaxRecords = defaultDrainRecords
	}
	if c.MaxWait == 0 {
		c.MaxWait = defaultDrainWait
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Drain reads the topics as a member of the group and inserts their records
// into the sinks, exactly once in effect, until ctx ends; then it returns nil.
//
// Before a batch is inserted its boundaries are committed: the offset of its
// first record, and "i:<last offset>" as metadata. Whoever finds such an intent
// inserts exactly that range again under the same token, which a sink that has
// it already ignores. The next intent completes the one before. A sink that
// fails is tried again with the same batch until it takes it; meanwhile nothing
// is read, so that the log keeps what comes. A Checker is asked for the rows
// where it is not certain that the insert put them there.
func Drain(ctx context.Context, cfg DrainConfig) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	return wkafka.Consume(ctx, wkafka.ConsumerConfig{
		Config: cfg.Kafka, Group: cfg.Group, Topics: cfg.Topics,
		SessionTimeout: cfg.Session, Now: cfg.Now, Log: cfg.Log, Hooks: cfg.Metrics.hooks(cfg.Group),
	}, func(ctx context.Context, c *wkafka.Claim) error {
		d := &drainer{cfg: cfg, claim: c, sink: cfg.Sink(c.Topic), next: c.Start}
		defer cfg.Metrics.released(cfg.Group, c.Topic, c.Partition)
		return d.run(ctx)
	})
}

// drainer is one partition of a Drain. One goroutine owns it.
type drainer struct {
	cfg   DrainConfig
	claim *wkafka.Claim
	sink  Sink

	next      int64 // offset of the first record that is not in the sink
	open      bool  // the last commit is an intent that has been carried out
	highWater int64
	left      []cordon.Record // fetched, and past the end of the batch before
}

func (d *drainer) run(ctx context.Context) error {
	defer d.settleLate(ctx)
	found, ok, err := parseIntent(d.claim.Metadata)
	if err != nil {
		return err
	}
	if ok {
		if err := d.redo(ctx, found); err != nil {
			return ended(ctx, err)
		}
	}
	for {
		batch, err := d.gather(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		if err := d.claim.Commit(ctx, d.next, intentOf(batch, 0).String()); err != nil {
			return ended(ctx, err)
		}
		if err := d.insert(ctx, &insertion{d: d, batch: batch}); err != nil {
			return ended(ctx, err)
		}
	}
}

// redo inserts the range of an intent that may not have been carried out.
func (d *drainer) redo(ctx context.Context, found intent) error {
	batch, err := d.announced(ctx, found.last)
	if err != nil {
		return err
	}
	if len(batch) > 0 {
		return d.insert(ctx, &insertion{d: d, batch: batch, attempt: found.attempt, doubt: true})
	}
	d.next, d.open = found.last+1, true
	return nil
}

// announced reads the records up to last.
func (d *drainer) announced(ctx context.Context, last int64) ([]cordon.Record, error) {
	var batch []cordon.Record
	for len(batch) == 0 || batch[len(batch)-1].Position.Offset < last {
		more, err := d.fetch(ctx)
		if err != nil {
			return nil, err
		}
		for i := range more {
			// A compacted topic may have lost the last record of the range.
			if more[i].Position.Offset > last {
				d.left = more[i:]
				return batch, nil
			}
			batch = append(batch, more[i])
		}
	}
	return batch, nil
}

// gather waits for a record and then, not longer than MaxWait, for more. While
// it waits for the first, the batch before is settled.
func (d *drainer) gather(ctx context.Context) ([]cordon.Record, error) {
	batch := d.left
	d.left = nil
	if len(batch) == 0 {
		first, err := d.first(ctx)
		if err != nil {
			return nil, err
		}
		batch = first
	}
	wait, cancel := context.WithTimeout(ctx, d.cfg.MaxWait)
	defer cancel()
	for len(batch) < d.cfg.MaxRecords {
		more, err := d.fetch(wait)
		if err != nil && ctx.Err() == nil && wait.Err() != nil {
			break
		}
		if err != nil {
			return nil, err
		}
		// What came counts, also when the wait ended at the same moment: the
		// claim will not return it again.
		batch = append(batch, more...)
	}
	if len(batch) > d.cfg.MaxRecords {
		d.left = batch[d.cfg.MaxRecords:]
		batch = batch[:d.cfg.MaxRecords:d.cfg.MaxRecords]
	}
	return batch, nil
}

// first waits for records. If none come for MaxWait, it commits that the batch
// before is done, so that nobody inserts it again when the sink may have
// forgotten its token.
func (d *drainer) first(ctx context.Context) ([]cordon.Record, error) {
	if d.open {
		wait, cancel := context.WithTimeout(ctx, d.cfg.MaxWait)
		defer cancel()
		recs, err := d.fetch(wait)
		if err == nil || wait.Err() == nil || ctx.Err() != nil {
			return recs, err
		}
		if err := d.settle(ctx); err != nil {
			return nil, err
		}
	}
	return d.fetch(ctx)
}

func (d *drainer) fetch(ctx context.Context) ([]cordon.Record, error) {
	b, err := d.claim.Fetch(ctx)
	if err != nil {
		return nil, err
	}
	d.highWater = b.HighWater
	return fromKafka(b.Records), nil
}

// settle commits that all before next is in the sink.
func (d *drainer) settle(ctx context.Context) error {
	if err := d.claim.Commit(ctx, d.next, ""); err != nil {
		return err
	}
	d.open = false
	return nil
}

// settleLate is settle when the partition is being taken away. What cannot be
// settled is inserted again by the next owner, under the same token.
func (d *drainer) settleLate(ctx context.Context) {
	if !d.open {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := d.settle(ctx); err != nil && !errors.Is(err, wkafka.ErrFenced) {
		d.cfg.Log.Warn("cannot commit the last batch; it will be inserted again under the same token", "err", err)
	}
}

// insert brings the batch of i into the sink.
func (d *drainer) insert(ctx context.Context, i *insertion) error {
	d.open = false
	span := d.cfg.Traces.Batch(ctx, "insert", i.batch)
	err := i.run(span.Context(ctx))
	span.End(err)
	if err != nil {
		return err
	}
	d.next, d.open = i.batch[len(i.batch)-1].Position.Offset+1, true
	d.cfg.Metrics.drained(d.cfg.Group, d.claim.Topic, d.claim.Partition, len(i.batch), d.highWater-d.next, i.batch[0].Time)
	return nil
}
