// Package detection measures the policies on real traffic: raw records run
// through the mapping of ingest and the engine of detect, without a log in
// between.
package detection
