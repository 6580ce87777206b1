// Package wire holds the encodings of ClickHouse's HTTP interface that lie
// around the engine's bytes: compressed frames, HTTP content encodings, the
// block that greets a driver, header blocks, and errors in mid-stream.
package wire
