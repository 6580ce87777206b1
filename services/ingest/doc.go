// Package ingest is one service of cordon.
package ingest
