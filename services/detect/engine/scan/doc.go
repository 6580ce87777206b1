// Package scan finds the values at a fixed set of paths in a JSON object: what
// a filter needs that looks at every event and is done with most of them. It
// makes no tree, allocates nothing, and does not look into what nobody asked
// for.
//
// It is no validator. For any valid JSON text its answer is that of a JSON
// reader, or it says that it has none; for what is not JSON it answers
// something.
//
// It knows the keys that it looks for, and in what order they come: most often
// the next key is the one expected, which one comparison of sixteen bytes
// shows, and then its length need not be found out. What is not known is looked
// at in pieces of eight or sixteen bytes.
package scan
