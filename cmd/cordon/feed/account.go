package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/query"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/ingest"
	"github.com/cordon-iot/cordon/wkafka"
)

// Account says what became of the records of a feed: each is an event, was
// refused, or says nothing about a device. One that is none of these is lost.
type Account struct {
	Sent, Events, Rejected int64
	Dropped                int64             // say nothing about a device, by ingest's own rule
	Twice                  int64             // events and refusals of records that had one already
	Lost                   int64             // neither event nor refusal came of them, and one should have
	LostAt                 []cordon.Position // the first of them
	Rows, Logged           int64             // of all events since the feed began: in ClickHouse, in the log
	HasRows                bool              // ClickHouse was asked
}

// maxLostAt is how many lost records are named.
const maxLostAt = 5

// Err says what does not add up.
func (a Account) Err() error {
	var errs []error
	if a.Lost > 0 {
		errs = append(errs, fmt.Errorf("%d records were lost, the first at %s: ingest made neither event nor refusal of them", a.Lost, a.LostAt[0]))
	}
	if a.Twice > 0 {
		errs = append(errs, fmt.Errorf("%d records became %d events and %d refusals: %d were taken twice", a.Sent, a.Events, a.Rejected, a.Twice))
	}
	if a.HasRows && a.Rows != a.Logged {
		errs = append(errs, fmt.Errorf("ClickHouse has %d rows of %d events: some are missing or doubled", a.Rows, a.Logged))
	}
	return errors.Join(errs...)
}

func (a Account) print(w io.Writer) {
	fmt.Fprintf(w, "  %s records = %s events + %s rejected + %s that say nothing about a device",
		grouped(a.Sent), grouped(a.Events), grouped(a.Rejected), grouped(a.Dropped))
	if a.Lost > 0 {
		fmt.Fprintf(w, " + %s LOST", grouped(a.Lost))
	}
	if a.Twice > 0 {
		fmt.Fprintf(w, " - %s taken TWICE", grouped(a.Twice))
	}
	fmt.Fprintln(w)
	for _, p := range a.LostAt {
		fmt.Fprintf(w, "  lost: %s\n", p)
	}
	if a.HasRows {
		fmt.Fprintf(w, "  %s rows in ClickHouse of %s events\n", grouped(a.Rows), grouped(a.Logged))
	}
}

// books follow what ingest makes of a feed.
type books struct {
	kafka  wkafka.Config
	topics cordon.Topics
	format string             // of what is fed
	store  string             // DSN of ClickHouse; empty: it is not asked
	from   map[string][]int64 // where events and rejected ended when the feed began
}

// open notes where the topics end.
func (b *books) open(ctx context.Context) (err error) {
	b.from, err = b.ends(ctx)
	return err
}

func (b *books) ends(ctx context.Context) (map[string][]int64, error) {
	out := map[string][]int64{}
	for _, t := range []string{b.topics.Events(), b.topics.Rejected()} {
		e, err := wkafka.EndOffsets(ctx, b.kafka, t)
		if err != nil {
			return nil, err
		}
		out[t] = e
	}
	return out, nil
}

// settle finds what was made of each record sent. Ingest and history must have
// done all of it.
func (b *books) settle(ctx context.Context, sent Ranges) (a Account, err error) {
	to, err := b.ends(ctx)
	if err != nil {
		return a, err
	}
	a.Sent = sent.size()
	l := newLedger(b.topics.Raw(b.format), sent)
	if a.Events, err = b.count(ctx, b.topics.Events(), to, l, &a.Twice); err != nil {
		return a, err
	}
	if a.Rejected, err = b.count(ctx, b.topics.Rejected(), to, l, &a.Twice); err != nil {
		return a, err
	}
	if a.Dropped, err = b.dropped(ctx, l); err != nil {
		return a, err
	}
	l.open(func(p cordon.Position) {
		a.Lost++
		if a.Lost <= maxLostAt {
			a.LostAt = append(a.LostAt, p)
		}
	})
	if b.store == "" {
		return a, nil
	}
	a.HasRows = true
	a.Rows, a.Logged, err = b.rows(ctx, to)
	return a, err
}

// count is how many records of out were made of what the feed sent. Each
// ticks off its input; those whose input is ticked off already are twice.
func (b *books) count(ctx context.Context, out string, to map[string][]int64, l *ledger, twice *int64) (n int64, err error) {
	for p := range to[out] {
		_, err := stream.Replay(ctx, b.kafka, out, p, b.from[out][p], to[out][p], func(r cordon.Record) error {
			in, ok := r.Input()
			if !ok {
				return nil
			}
			ours, again := l.tick(in)
			if ours {
				n++
			}
			if again {
				*twice++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// dropped reads back the records of which nothing was made, and ticks off
// those that ingest leaves out by rule.
func (b *books) dropped(ctx context.Context, l *ledger) (n int64, err error) {
	drops, err := ingest.NewDrops(b.format)
	if err != nil {
		return 0, err
	}
	for p, x := range l.spans() {
		_, err := stream.Replay(ctx, b.kafka, l.topic, p, x.First, x.Last+1, func(r cordon.Record) error {
			if !l.is(r.Position) {
				return nil
			}
			if _, ok := drops.Of(r); ok {
				l.tick(r.Position)
				n++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// rows is how many events came into ClickHouse since the feed began, and how
// many there are in the log.
func (b *books) rows(ctx context.Context, to map[string][]int64) (rows, logged int64, err error) {
	topic := b.topics.Events()
	var parts []string
	for p, end := range to[topic] {
		logged += end - b.from[topic][p]
		parts = append(parts, fmt.Sprintf("(kafka_partition = %d AND kafka_offset >= %d AND kafka_offset < %d)", p, b.from[topic][p], end))
	}
	var out bytes.Buffer
	sql := "SELECT count() FROM events WHERE " + strings.Join(parts, " OR ")
	if err := query.Run(ctx, b.store, sql, "tsv", &out); err != nil {
		return 0, 0, err
	}
	rows, err = strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	return rows, logged, err
}
