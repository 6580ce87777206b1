// Package gate decides what a user may run. The embedded engine has no users:
// everything in it runs as one, and its readonly mode still lets a SELECT read
// any file through the file function and write one with INTO OUTFILE. So a
// statement is judged here first, by the engine's own parser: how many
// statements, of which class (chdb_classify_query_n), calling which functions
// (EXPLAIN AST). What a session may set is an allow list per role.
//
// This is one trust domain: a reader sees every row of every table.
package gate
