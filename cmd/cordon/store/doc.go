// Package store is the embedded ClickHouse: the engine of package chdb behind
// ClickHouse's HTTP interface, so that clickhouse-go and every other HTTP
// client speak to it as to a server.
//
// One process serves one data directory. A request gets a fresh connection of
// the engine, with its own settings and temporary tables; what it may run is
// decided by package gate. Insert data goes to the engine apart from the
// statement and is never read as SQL.
//
// Guarantees: an INSERT of up to about a million rows whose body does not
// arrive whole stores nothing; an acknowledged INSERT survives the death of
// the process (not of the machine: there is no fsync unless the table asks for
// it); an INSERT repeated with its insert_deduplication_token stores nothing
// twice.
package store
