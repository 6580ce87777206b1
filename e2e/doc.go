// Package e2e tests the whole of cordon: real processes on a real broker and a
// real store, with crashes, garbage and replays, and the files under deploy
// against the programs that they start.
package e2e
