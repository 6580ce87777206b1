package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

// trace writes down who asked the broker for which change and what it said, for
// whoever has to find out why a run failed.
type trace struct {
	all bool // requests that change nothing too

	mu sync.Mutex
	f  *os.File
	w  *bufio.Writer
}

func newTrace(dir string, all bool) (*trace, error) {
	f, err := os.Create(filepath.Join(dir, "wire.log")) //nolint:gosec // below the folder of the run
	if err != nil {
		return nil, err
	}
	return &trace{all: all, f: f, w: bufio.NewWriter(f)}, nil
}

// answered notes a request of a service that has been answered.
func (t *trace) answered(r *wire.Request) {
	if r.Says == "" && !t.all {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, "%s +%4d ms %s %s %s: %s -> %s\n", r.Arrived.Format("15:04:05.000"),
		time.Since(r.Arrived).Milliseconds(), r.Client, r.API, r.About, r.Says, r.Answer)
}

func (t *trace) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.w.Flush()
	_ = t.f.Close()
}
