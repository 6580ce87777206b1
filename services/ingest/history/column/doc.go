// Package column builds blocks of rows in ClickHouse's Native format, column
// by column, in memory that is used again for the next block.
//
// A column grows by typed appends, without reflection. A LowCardinality column
// collects its dictionary as it grows, so that the server has no strings to
// hash. This is why rows do not go through the batches of clickhouse-go, which
// take values as interfaces; the block that results is sent with its
// InsertFormat.
package column
