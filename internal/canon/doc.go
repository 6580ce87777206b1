// Package canon reads JSON in the form in which ingest writes events: one
// object without blanks, the keys of each object in ascending order, so that
// none stands twice, UTF-8 in which only control characters that have no letter
// of their own are escaped by number.
//
// Whatever has this form means the same to every JSON reader. It is read in one
// pass into a flat list, without a tree; all else is refused and needs a reader
// of JSON at large. Services that look at every event save with it what a tree
// and a second look at its order cost.
package canon
