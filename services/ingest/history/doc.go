// Package history writes the log to ClickHouse: one table per topic, one row
// per record.
//
// A row is a function of its record alone, and its identity is the record's
// place in the log. A batch is one contiguous range of one partition, inserted
// under a token that is derived from the range, so that inserting it again
// after a crash has no further effect. Records that cannot be read become rows
// of the table rejected; nothing blocks a partition, and for every topic
//
//	records = rows + rows of rejected with that topic
package history
