// Package chdb loads libchdb, the embeddable ClickHouse engine, without cgo
// and gives it a Go face: engine, connection, result stream, insert stream.
//
// It is tied to one library version by a checksum. What it hides:
//   - the library installs signal handlers that would break the Go runtime
//     (see keepSignals);
//   - a connection runs one statement at a time and is not safe for
//     concurrent use: one goroutine owns it;
//   - one process has one engine with one data path, and after Shutdown none.
package chdb
