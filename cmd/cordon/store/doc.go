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
//
// Limits:
//   - One trust domain: three users, no row policies, no quotas. A reader sees
//     every row of every table; a writer can only add rows; nobody reaches
//     files or the network of the machine through a statement.
//   - Results have no zone of a DateTime column (blocks of revision 0): times
//     are UTC instants.
//   - No custom settings, no replication, no cluster, no query log, no progress
//     packets; states of AggregateFunction must be finalised in SQL.
//   - A document format (JSON, Pretty, Parquet) is built in memory before it is
//     sent; Native, CSV, TSV and JSONEachRow stream.
//   - What a session sets by URL parameters stays set in it.
package store
