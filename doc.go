// Package cordon holds the records of the log: Event, Finding, Action, Device
// and Rejected, how they are encoded on Kafka, and how their identities are
// derived from their causes.
//
// Topic, table, schema and Go type carry the same word.
package cordon
