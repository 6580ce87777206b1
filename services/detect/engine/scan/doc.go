// Package scan finds the values at a fixed set of paths in a JSON object: what
// a filter needs that looks at every event and is done with most of them. It
// makes no tree, allocates nothing, and does not look into what nobody asked
// for.
//
// It is no validator. For any valid JSON text its answer is that of a JSON
// reader, or it says that it has none; for what is not JSON it answers
// something.
//
// The quotes of eight bytes at a time are gathered into one bit each, so that
// where a string ends is the next bit and not a search. The bits of a body do
// not depend on each other, nor do the members that are looked at on what the
// members before it hold: a processor works on several at once.
package scan
