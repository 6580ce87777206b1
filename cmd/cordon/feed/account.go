package feed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/query"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// Account says what became of the records of a feed: each is an event, was
// refused, or says nothing about a device.
type Account struct {
	Sent, Events, Rejected int64
	Rows, Logged           int64 // of all events since the feed began: in ClickHouse, in the log
	HasRows                bool  // ClickHouse was asked
}

// Dropped is how many records said nothing about a device.
func (a Account) Dropped() int64 { return a.Sent - a.Events - a.Rejected }

// Err says what does not add up.
func (a Account) Err() error {
	if a.Dropped() < 0 {
		return fmt.Errorf("%d records became %d events and %d refusals: some were taken twice", a.Sent, a.Events, a.Rejected)
	}
	if a.HasRows && a.Rows != a.Logged {
		return fmt.Errorf("ClickHouse has %d rows of %d events: some are missing or doubled", a.Rows, a.Logged)
	}
	return nil
}

func (a Account) print(w io.Writer) {
	fmt.Fprintf(w, "  %s records = %s events + %s rejected + %s that say nothing about a device\n",
		grouped(a.Sent), grouped(a.Events), grouped(a.Rejected), grouped(a.Dropped()))
	if a.HasRows {
		fmt.Fprintf(w, "  %s rows in ClickHouse of %s events\n", grouped(a.Rows), grouped(a.Logged))
	}
}

// books follow what ingest makes of a feed.
type books struct {
	kafka  wkafka.Config
	topics cordon.Topics
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

// settle counts what was made of the records sent to topic. Ingest and history
// must have done all of it.
func (b *books) settle(ctx context.Context, topic string, sent Ranges) (Account, error) {
	to, err := b.ends(ctx)
	if err != nil {
		return Account{}, err
	}
	a := Account{Sent: sent.size()}
	if a.Events, err = b.count(ctx, b.topics.Events(), to, topic, sent); err != nil {
		return a, err
	}
	if a.Rejected, err = b.count(ctx, b.topics.Rejected(), to, topic, sent); err != nil {
		return a, err
	}
	if b.store == "" {
		return a, nil
	}
	a.HasRows = true
	a.Rows, a.Logged, err = b.rows(ctx, to)
	return a, err
}

// count is how many records of out were made of sent.
func (b *books) count(ctx context.Context, out string, to map[string][]int64, topic string, sent Ranges) (int64, error) {
	var n int64
	for p := range to[out] {
		_, err := stream.Replay(ctx, b.kafka, out, p, b.from[out][p], to[out][p], func(r cordon.Record) error {
			if in, ok := r.Input(); ok && in.Topic == topic && sent.has(in) {
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

func (r Ranges) has(p cordon.Position) bool {
	x, ok := r[p.Partition]
	return ok && p.Offset >= x.First && p.Offset <= x.Last
}

func (r Ranges) size() int64 {
	var n int64
	for _, x := range r {
		n += x.Last - x.First + 1
	}
	return n
}
