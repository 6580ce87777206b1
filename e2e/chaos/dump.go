package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/lag"
)

// dump writes down all that may say why something was not delivered: groups,
// offsets, and what every goroutine does.
func (w *world) dump(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	f, err := os.Create(filepath.Join(w.dir, "undelivered.txt"))
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	w.dumpGroups(ctx, f)
	for _, inst := range w.services {
		w.dumpStacks(ctx, inst)
		inst.life.(*process).signal(syscall.SIGQUIT) // its stacks go to its log as well
	}
}

func (w *world) dumpGroups(ctx context.Context, f io.Writer) {
	k, err := newKafka(w.brokers)
	if err != nil {
		return
	}
	defer k.close()
	groups, err := k.groups(ctx, slices.Sorted(maps.Keys(w.tap.names)))
	fmt.Fprintln(f, "groups, error:", err)
	for _, g := range groups {
		fmt.Fprintf(f, "%s: %s\n", g.Name, g.State)
		for _, m := range g.Members {
			fmt.Fprintln(f, "   ", m)
		}
	}
	for _, stage := range lag.Stages(w.topics) {
		for g, topics := range stage.Groups {
			ends, err := k.ends(ctx, topics...)
			fmt.Fprintln(f, "ends, error:", ends, err)
			commits, err := k.committed(ctx, g, topics)
			fmt.Fprintln(f, "committed, error:", err)
			for _, c := range commits {
				fmt.Fprintf(f, "    %s %s of %d\n", c.Group, c.Place, ends[c.Topic][c.Partition])
			}
		}
	}
}

func (w *world) dumpStacks(ctx context.Context, inst *instance) {
	f, err := os.Create(filepath.Join(w.dir, inst.name+".stacks")) //nolint:gosec // below the folder of the run
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+inst.metrics+"/debug/pprof/goroutine?debug=2", nil)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(f, err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(f, res.Body)
}
