// Package sqltext reads just enough of ClickHouse SQL to handle a statement
// before the engine sees it: where an INSERT ends and its data begins, which
// output format a SELECT names, which words stand at the top level.
//
// It is not the judge of what a statement may do: that is the engine's own
// parser (see package gate). A text on which the two disagree is refused there.
package sqltext
