package history

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// sink inserts the records of one topic. Several partitions use it at once.
type sink struct {
	conn    driver.Conn
	table   table
	places  *places
	metrics *metrics
	idle    sync.Pool // of *batch
}

var _ stream.Checker = (*sink)(nil)

// batch is the memory of one insert.
type batch struct {
	rows     rows
	rejected *rejected
}

func newSink(conn driver.Conn, t table, m *metrics) *sink {
	s := &sink{conn: conn, table: t, places: newPlaces(conn, nil), metrics: m}
	s.idle.New = func() any { return &batch{rows: t.rows(), rejected: newRejected()} }
	return s
}

// Insert stores recs, a contiguous range of one partition, under token. Sent
// again, the same range has no further effect.
func (s *sink) Insert(ctx context.Context, token string, recs []cordon.Record) error {
	return s.insert(ctx, token, recs, func(int64) bool { return true })
}

// InsertMissing is Insert of the records of recs at the offsets in missing. Each
// gets the row, day included, that it has in the whole range.
func (s *sink) InsertMissing(ctx context.Context, token string, recs []cordon.Record, missing map[int64]bool) error {
	return s.insert(ctx, token, recs, func(offset int64) bool { return missing[offset] })
}

// Missing returns the offsets of the records of recs that are rows neither of
// the table nor, refused, of rejected.
func (s *sink) Missing(ctx context.Context, recs []cordon.Record) (map[int64]bool, error) {
	return s.places.missing(ctx, s.table.name, recs)
}

func (s *sink) insert(ctx context.Context, token string, recs []cordon.Record, wanted func(offset int64) bool) error {
	b := s.idle.Get().(*batch)
	b.rows.block().Reset()
	b.rejected.blk.Reset()
	b.rows.begin(recs)
	for _, r := range recs {
		if !wanted(r.Position.Offset) {
			continue
		}
		if err := b.rows.add(r); err != nil {
			s.metrics.refused(s.table.name, b.rejected.refuse(r, err))
		}
	}
	if err := s.send(ctx, s.table.name, token, b.rows.block()); err != nil {
		return err
	}
	// The table rejected takes its own topic too: other rows, another token.
	if err := s.send(ctx, "rejected", token+"/refused", b.rejected.blk); err != nil {
		return err
	}
	// Not after an error: net/http may still be sending from b's memory then.
	s.idle.Put(b)
	return nil
}

// insertTimeout bounds one attempt; Drain repeats it with the same token.
const insertTimeout = time.Minute

func (s *sink) send(ctx context.Context, table, token string, b *column.Block) error {
	if b.Rows() == 0 {
		return nil
	}
	data, err := b.Encode()
	if err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings(token, b.Rows())))
	if err := s.conn.InsertFormat(ctx, "Native", insertInto(table, b), bytes.NewReader(data)); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", b.Rows(), table, explain(err))
	}
	s.metrics.inserted(table, b.Rows(), len(data))
	return nil
}

// settings make an insert of n rows happen once. All are sent with every
// insert, because their defaults differ between versions of the server.
func settings(token string, n int) clickhouse.Settings {
	return clickhouse.Settings{
		// The server must not merge inserts of different tokens.
		"async_insert":               0,
		"insert_deduplicate":         1,
		"insert_deduplication_token": token,
		// Rollups must not count a repeated insert either.
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		// One insert is one block: a token covers a block.
		"max_insert_block_size":           n,
		"min_insert_block_size_rows":      n,
		"min_insert_block_size_bytes":     0,
		"max_partitions_per_insert_block": 3 * maxDays,
		// An answer of success means that the rows are stored.
		"wait_end_of_query": 1,
	}
}
