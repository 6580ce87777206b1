package history

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// rows collects records as rows of one table. One goroutine owns it at a time.
type rows interface {
	// begin prepares for the records of one batch.
	begin(batch []cordon.Record)
	// add appends r, one of the batch, as a row; the records come in order, and
	// some may be left out. After an error, which says why r cannot be read,
	// nothing of r is in the block.
	add(r cordon.Record) error
	block() *column.Block
}

// A refusal says why a record cannot become a row.
type refusal struct {
	reason string // machine-readable, such as "record.body"
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// Reasons why history refuses a record.
const (
	reasonEnvelope = "record.envelope" // key or headers
	reasonBody     = "record.body"     // value
)

// position is the identity of a row, in the last columns of every table.
type position struct {
	topic     column.Words
	partition column.UInt16
	offset    column.UInt64
}

func (p *position) add(at cordon.Position) {
	p.topic.Append(at.Topic)
	p.partition.Append(uint16(at.Partition))
	p.offset.Append(uint64(at.Offset))
}

func (p *position) columns() []column.Column {
	return []column.Column{
		{Name: "topic", Type: words, Data: &p.topic},
		{Name: "kafka_partition", Type: "UInt16", Data: &p.partition},
		{Name: "kafka_offset", Type: "UInt64", Data: &p.offset},
	}
}

// Types of columns as ClickHouse spells them.
const (
	words    = "LowCardinality(String)"
	text     = "String"
	millis   = "DateTime64(3, 'UTC')"
	severity = "Enum8('unknown' = 0, 'informational' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5, 'fatal' = 6, 'other' = 99)"
)

// severityOf is s as the enumeration knows it.
func severityOf(s int) int8 {
	if s < 0 || s > 6 {
		return 99
	}
	return int8(s)
}

// insertInto is the statement that takes b.
func insertInto(table string, b *column.Block) string {
	return "INSERT INTO " + table + " (" + b.Names() + ")"
}
