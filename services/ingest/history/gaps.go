package history

import (
	"context"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

const aDay = 24 * time.Hour

// gaps looks for records of t's topic without a row, up to what the group has
// committed: all before that was inserted. The refused records of other topics
// are counted with those.
func (m *monitor) gaps(ctx context.Context, t table) error {
	lags, err := m.places.lags(ctx, t.name)
	if err != nil {
		return err
	}
	if lags {
		if !m.mute[t.name] {
			m.mute[t.name] = true
			m.log.Info("records without a row are not looked for in a replicated table: the replica that answers may not have all rows yet", "table", t.name)
		}
		return nil
	}
	from, err := m.lately(ctx, t.topic)
	if err != nil {
		return err
	}
	done, err := m.admin.CommittedOffsets(ctx, m.group, map[string]int{t.topic: len(from)})
	if err != nil {
		return err
	}
	for p, offset := range from {
		if err := m.gap(ctx, t, place{t.topic, p}, offset, done[t.topic][p].Offset); err != nil {
			return err
		}
	}
	return nil
}

// lately returns for each partition of a topic the first offset that the log
// took yesterday or today.
func (m *monitor) lately(ctx context.Context, topic string) ([]int64, error) {
	n, err := wkafka.Partitions(ctx, m.kafka, topic)
	if err != nil {
		return nil, err
	}
	var yesterday time.Time // without a clock: all that is kept
	if m.now != nil {
		yesterday = m.now().UTC().Truncate(aDay).Add(-aDay)
	}
	return m.admin.OffsetsAt(ctx, topic, n, yesterday)
}

// gap looks for records of one partition in [from, until) without a row, from
// where the last check has stopped.
func (m *monitor) gap(ctx context.Context, t table, at place, from, until int64) error {
	p := m.passes[at]
	if p == nil {
		p = &pass{}
		m.passes[at] = p
	}
	g := gap{m: m, table: t.name, at: at, stopped: -1}
	if err := g.search(ctx, max(from, p.next), until); err != nil {
		return err
	}
	m.metrics.missing(at.topic, at.partition, p.add(g))
	if g.missing > 0 {
		m.log.Error("records have no row in the history", "table", t.name, "topic", at.topic, "partition", at.partition,
			"records", g.missing, "first", g.first, "last", g.last)
	}
	return nil
}

// pass is one way over a partition, which may take several checks.
type pass struct {
	next    int64 // where to go on; 0: from the beginning
	missing int   // so far
	before  int   // in the whole pass before this one
}

// add notes what a check has found, and returns how many records are missing as
// far as is known: while a pass is under way at least as many as in the one
// before.
func (p *pass) add(g gap) int {
	p.missing += g.missing
	if g.stopped >= 0 {
		p.next = g.stopped
		return max(p.missing, p.before)
	}
	*p = pass{before: p.missing}
	return p.before
}

// gap is what one check finds missing of one partition.
type gap struct {
	m       *monitor
	table   string
	at      place
	reads   int
	stopped int64 // where the check has read enough; -1: nowhere

	missing     int
	first, last int64
}

// search halves [from, until) until it is small enough to be compared with the
// log, which need not have a record at every offset.
func (g *gap) search(ctx context.Context, from, until int64) error {
	if from >= until || g.stopped >= 0 {
		return nil
	}
	n, err := g.m.places.distinct(ctx, g.table, g.at, from, until)
	if err != nil || n >= uint64(until-from) {
		return err
	}
	if until-from <= int64(g.m.atOnce) {
		return g.compare(ctx, from, until)
	}
	middle := from + (until-from)/2
	if err := g.search(ctx, from, middle); err != nil {
		return err
	}
	return g.search(ctx, middle, until)
}

// compare is search where it reads the log, unless it has read enough.
func (g *gap) compare(ctx context.Context, from, until int64) error {
	if g.reads == g.m.mostReads {
		g.stopped = from
		return nil
	}
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
