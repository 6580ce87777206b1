package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

// trace writes down who asked the broker for which change and what it said, for
// whoever has to find out why a run failed.
type trace struct {
	mu sync.Mutex
	f  *os.File
	w  *bufio.Writer
}

func newTrace(dir string) (*trace, error) {
	f, err := os.Create(filepath.Join(dir, "wire.log")) //nolint:gosec // below the folder of the run
	if err != nil {
		return nil, err
	}
	return &trace{f: f, w: bufio.NewWriter(f)}, nil
}

// answered notes a request of a service that has been answered.
func (t *trace) answered(r *wire.Request) {
	if r.Says == "" || r.Client == "chaos" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, "%s %s %s %s: %s -> %s\n", r.Arrived.Format("15:04:05.000"), r.Client, r.API, r.About, r.Says, r.Answer)
}

func (t *trace) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.w.Flush()
	_ = t.f.Close()
}
