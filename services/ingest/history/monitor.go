package history

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

const (
	defaultCheckEvery = 5 * time.Minute
	checkTimeout      = 2 * time.Minute // of one table

	// Of one partition and check. What lies beyond is left to the next one.
	readAtOnce = 10_000 // records
	maxReads   = 20
)

// monitor looks again and again whether every record of the log is one row:
// count() - uniqExact(partition, offset) is 0, and no offset that the group has
// committed is missing. It looks at what the log took today and yesterday. One
// goroutine uses it.
type monitor struct {
	kafka   wkafka.Config
	admin   *wkafka.Admin
	group   string
	tables  []table
	places  *places
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time // may be nil

	atOnce, mostReads int // readAtOnce and maxReads, but for tests

	passes map[place]*pass // over the partitions
	mute   map[string]bool // tables of which it was said that they are not looked at
}

// place is a partition.
type place struct {
	topic     string
	partition int
}

// newMonitor returns the monitor of what the group of o writes.
func newMonitor(o Options, at *places, m *metrics) *monitor {
	return &monitor{
		kafka: o.Kafka, admin: wkafka.NewAdmin(o.Kafka), group: o.Group, tables: tables(o.Topics), places: at, metrics: m, log: o.Log, now: o.Now,
		atOnce: readAtOnce, mostReads: maxReads, passes: map[place]*pass{}, mute: map[string]bool{},
	}
}

// run checks until ctx ends or this user turns out not to be allowed to look:
// for the first time soon after a start, when a fault is likeliest.
func (m *monitor) run(ctx context.Context, every time.Duration) {
	tick := time.NewTimer(every / 10)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			tick.Reset(every)
		}
		for _, t := range m.tables {
			err := m.check(ctx, t)
			switch {
			case errors.Is(err, stream.ErrUnchecked), ctx.Err() != nil:
				return
			case err != nil:
				m.metrics.checkFailed(t.name)
				m.log.Warn("cannot check the history for duplicates and gaps", "table", t.name, "err", err)
			}
		}
	}
}

// check looks at one table.
func (m *monitor) check(ctx context.Context, t table) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	spans, err := m.places.recent(ctx, t.name)
	if err != nil {
		return err
	}
	var twice uint64
	for _, s := range spans {
		twice += s.rows - s.distinct
	}
	if twice > 0 {
		m.tellDuplicates(ctx, t, twice)
	}
	m.metrics.duplicates(t.name, twice)
	if t.replaces {
		return nil // superseded rows are gone by design
	}
	return m.gaps(ctx, t)
}

func (m *monitor) tellDuplicates(ctx context.Context, t table, n uint64) {
	ranges, err := m.places.repeated(ctx, t.name)
	if err != nil {
		m.log.Warn("cannot say which rows came twice", "table", t.name, "err", err)
	}
	m.log.Error("rows of the history came twice", "table", t.name, "rows", n, "offsets", ranges)
}
