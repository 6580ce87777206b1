// Package profile writes a CPU profile of a benchmark.
package profile

import (
	"os"
	"runtime/pprof"
)

// Start writes a CPU profile to file until stop is called; with no file it does
// nothing.
func Start(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}
