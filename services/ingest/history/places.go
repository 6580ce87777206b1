package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
)

// places reads which records are rows: topic, kafka_partition and kafka_offset
// of the tables and nothing else, for which the writer has a grant. It is safe
// for concurrent use.
type places struct {
	conn driver.Conn
	log  *slog.Logger
	mute sync.Once // the missing grant is spoken of once

	mu     sync.Mutex
	engine map[string]string // of tables, as far as asked
}

func newPlaces(conn driver.Conn, log *slog.Logger) *places {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &places{conn: conn, log: log, engine: map[string]string{}}
}

// lookTimeout bounds one look at the tables.
const lookTimeout = 30 * time.Second

// missing returns the offsets of recs, a range of one partition, that are rows
// neither of table nor of rejected.
//
// The note of a token and the rows of a replicated table come into Keeper
// together, so that there is nothing to look for; and the replica that answers
// may not have them yet.
func (p *places) missing(ctx context.Context, table string, recs []cordon.Record) (map[int64]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	lags, err := p.lags(ctx, table)
	if err != nil {
		return nil, err
	}
	if lags {
		return nil, stream.ErrUnchecked
	}
	return p.absent(ctx, table, recs)
}

// lags reports whether table is a replicated one, which may lack rows that are
// stored.
func (p *places) lags(ctx context.Context, table string) (bool, error) {
	engine, err := p.engineOf(ctx, table)
	if err != nil {
		return false, p.unless(err)
	}
	return strings.HasPrefix(engine, "Replicated") || strings.HasPrefix(engine, "Shared"), nil
}

// absent is missing for whoever does not insert.
func (p *places) absent(ctx context.Context, table string, recs []cordon.Record) (map[int64]bool, error) {
	left := make(map[int64]bool, len(recs))
	for _, r := range recs {
		left[r.Position.Offset] = true
	}
	first, last := recs[0].Position, recs[len(recs)-1].Position.Offset
	for _, name := range both(table) {
		if err := p.strike(ctx, left, name, first, last); err != nil {
			return nil, p.unless(err)
		}
	}
	return left, nil
}

// both are the tables in which a record of one topic may stand.
func both(table string) []string {
	if table == "rejected" {
		return []string{table}
	}
	return []string{table, "rejected"}
}

// strike removes from left what table holds of a range.
func (p *places) strike(ctx context.Context, left map[int64]bool, table string, first cordon.Position, last int64) error {
	rows, err := p.conn.Query(ctx, "SELECT DISTINCT kafka_offset FROM "+table+
		" WHERE topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset <= ?",
		first.Topic, uint16(first.Partition), uint64(first.Offset), uint64(last))
	if err != nil {
		return err
	}
	for rows.Next() {
		var offset uint64
		if err := rows.Scan(&offset); err != nil {
			return errors.Join(err, rows.Close())
		}
		delete(left, int64(offset))
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (p *places) engineOf(ctx context.Context, table string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.engine[table]; ok {
		return e, nil
	}
	var e string
	err := p.conn.QueryRow(ctx, "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = ?", table).Scan(&e)
	if err != nil {
		return "", fmt.Errorf("engine of table %s: %w", table, err)
	}
	p.engine[table] = e
	return e, nil
}

// unless turns the refusal to look into ErrUnchecked and says once what to
// grant.
func (p *places) unless(err error) error {
	if !denied(err) {
		return explain(err)
	}
	p.mute.Do(func() {
		p.log.Warn("this user may not see which records are rows: an insert that a crash of ClickHouse loses stays lost, and duplicates and gaps are not looked for; "+
			"GRANT SELECT(topic, kafka_partition, kafka_offset) ON the five tables to it, see deploy/clickhouse/users.d", "err", err)
	})
	return stream.ErrUnchecked
}

// denied reports whether the server answered that the user has no right to.
func denied(err error) bool {
	x, ok := errors.AsType[*clickhouse.Exception](err)
	return ok && (x.Code == codeReadonly || x.Code == codeAccessDenied)
}

// Codes of ClickHouse's exceptions.
const (
	codeReadonly     = 164
	codeAccessDenied = 497
)
