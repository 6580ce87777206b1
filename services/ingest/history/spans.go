package history

import (
	"context"
	"errors"
	"fmt"
)

// span is what a table holds of one partition, of what the log took lately.
type span struct {
	topic          string
	partition      int
	rows, distinct uint64
}

// since restricts a table to what the log took today and yesterday.
func since(table string) string {
	if table == "events" {
		return " WHERE day >= today() - 1"
	}
	return " WHERE logged >= today() - 1"
}

// recent returns the spans of a table. groupBitmap counts as uniqExact does, in
// a hundredth of the memory where offsets are dense.
func (p *places) recent(ctx context.Context, table string) ([]span, error) {
	rows, err := p.conn.Query(ctx, "SELECT topic, kafka_partition, count(), groupBitmap(kafka_offset) FROM "+
		table+since(table)+" GROUP BY topic, kafka_partition")
	if err != nil {
		return nil, p.unless(err)
	}
	var all []span
	for rows.Next() {
		var s span
		var partition uint16
		if err := rows.Scan(&s.topic, &partition, &s.rows, &s.distinct); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		s.partition = int(partition)
		all = append(all, s)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// repeated names the ranges in which offsets have several rows.
func (p *places) repeated(ctx context.Context, table string) ([]string, error) {
	rows, err := p.conn.Query(ctx, "SELECT topic, kafka_partition, count(), min(kafka_offset), max(kafka_offset) FROM "+
		"(SELECT topic, kafka_partition, kafka_offset FROM "+table+since(table)+" GROUP BY topic, kafka_partition, kafka_offset HAVING count() > 1)"+
		" GROUP BY topic, kafka_partition ORDER BY topic, kafka_partition LIMIT 100")
	if err != nil {
		return nil, p.unless(err)
	}
	var all []string
	for rows.Next() {
		var topic string
		var partition uint16
		var n, first, last uint64
		if err := rows.Scan(&topic, &partition, &n, &first, &last); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, fmt.Sprintf("%s/%d/%d-%d (%d)", topic, partition, first, last, n))
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// distinct counts the offsets in [from, until) that have a row in table or in
// rejected.
func (p *places) distinct(ctx context.Context, table string, at place, from, until int64) (n uint64, err error) {
	const where = " WHERE topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ?"
	var sql string
	var args []any
	for i, name := range both(table) {
		if i > 0 {
			sql += " UNION ALL "
		}
		sql += "SELECT kafka_offset FROM " + name + where
		args = append(args, at.topic, uint16(at.partition), uint64(from), uint64(until))
	}
	if err := p.conn.QueryRow(ctx, "SELECT groupBitmap(kafka_offset) FROM ("+sql+")", args...).Scan(&n); err != nil {
		return 0, p.unless(err)
	}
	return n, nil
}
