package history

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
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
// committed is missing. It looks at what the log took today and yesterday.
type monitor struct {
	kafka   wkafka.Config
	admin   *wkafka.Admin
	group   string
	tables  []table
	places  *places
	metrics *metrics
	log     *slog.Logger
}

// run checks until ctx ends or this user turns out not to be allowed to look.
func (m *monitor) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
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
	return m.gaps(ctx, t, spans)
}

func (m *monitor) tellDuplicates(ctx context.Context, t table, n uint64) {
	ranges, err := m.places.repeated(ctx, t.name)
	if err != nil {
		m.log.Warn("cannot say which rows came twice", "table", t.name, "err", err)
	}
	m.log.Error("rows of the history came twice", "table", t.name, "rows", n, "offsets", ranges)
}

// gaps looks for records of t's topic without a row, up to what the group has
// committed: all before that was inserted. The refused records of other topics
// are counted with those.
func (m *monitor) gaps(ctx context.Context, t table, spans []span) error {
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.topic != t.topic })
	partitions := 0
	for _, s := range spans {
		partitions = max(partitions, s.partition+1)
	}
	done, err := m.admin.CommittedOffsets(ctx, m.group, map[string]int{t.topic: partitions})
	if err != nil {
		return err
	}
	for _, s := range spans {
		if err := m.gap(ctx, t, s, done[t.topic][s.partition].Offset); err != nil {
			return err
		}
	}
	return nil
}

// gap looks for records of one partition before until without a row.
func (m *monitor) gap(ctx context.Context, t table, s span, until int64) error {
	start, err := wkafka.StartOffset(ctx, m.kafka, s.topic, s.partition)
	if err != nil {
		return err
	}
	g := gap{m: m, table: t.name, at: s}
	if err := g.search(ctx, max(s.first, start), until); err != nil {
		return err
	}
	m.metrics.missing(s.topic, s.partition, g.missing)
	if g.missing > 0 {
		m.log.Error("records have no row in the history", "table", t.name, "topic", s.topic, "partition", s.partition,
			"records", g.missing, "first", g.first, "last", g.last)
	}
	return nil
}

// gap is what is missing of one partition.
type gap struct {
	m     *monitor
	table string
	at    span
	reads int

	missing     int
	first, last int64
}

// search halves [from, until) until it is small enough to be compared with the
// log, which need not have a record at every offset.
func (g *gap) search(ctx context.Context, from, until int64) error {
	if from >= until || g.reads == maxReads {
		return nil
	}
	n, err := g.m.places.distinct(ctx, g.table, g.at, from, until)
	if err != nil || n >= uint64(until-from) {
		return err
	}
	if until-from <= readAtOnce {
		return g.compare(ctx, from, until)
	}
	middle := from + (until-from)/2
	if err := g.search(ctx, from, middle); err != nil {
		return err
	}
	return g.search(ctx, middle, until)
}

func (g *gap) compare(ctx context.Context, from, until int64) error {
	g.reads++
	var recs []cordon.Record
	if _, err := stream.Replay(ctx, g.m.kafka, g.at.topic, g.at.partition, from, until, func(r cordon.Record) error {
		recs = append(recs, cordon.Record{Position: r.Position})
		return nil
	}); err != nil || len(recs) == 0 {
		return err
	}
	missing, err := g.m.places.absent(ctx, g.table, recs)
	if err != nil {
		return err
	}
	for _, r := range recs {
		if o := r.Position.Offset; missing[o] {
			if g.missing == 0 {
				g.first = o
			}
			g.missing, g.last = g.missing+1, o
		}
	}
	return nil
}
