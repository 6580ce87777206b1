package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Recovery is how long the partitions of a group stood still after their reader
// went.
type Recovery struct {
	Instance   string  `json:"instance"`
	Group      string  `json:"group"`
	How        string  `json:"how"` // "kill -9" or "clean stop"
	Partitions int     `json:"partitions"`
	Longest    float64 `json:"longest_s"`
	Of         string  `json:"of"` // the partition that took longest
	Limit      float64 `json:"limit_s"`
	OK         bool    `json:"ok"`
}

// String is for the table.
func (r Recovery) String() string {
	return fmt.Sprintf("%s of %s: %d partitions of %s go on after at most %.2f s (%s); limit %.1f s", r.How, r.Instance, r.Partitions, r.Group, r.Longest, r.Of, r.Limit)
}

const (
	// lately is how long ago a partition may have been committed for to count
	// as one that is busy.
	lately = 3 * time.Second
	// historyWait is how long history waits for a batch to fill; before that
	// nobody sees it work, unless it has to repeat the insert before.
	historyWait = 2 * time.Second
)

// recoveries kills one instance of each service, starts it again, lets the
// groups settle, and stops another one: nothing else goes wrong meanwhile. All
// services at the same time, since their groups have nothing to do with each
// other.
func (w *world) recoveries(ctx context.Context) []Recovery {
	var mu sync.Mutex
	var all []Recovery
	for _, how := range []string{"kill -9", "clean stop"} {
		time.Sleep(2 * lately) // so that it is known who works on what
		var wg sync.WaitGroup
		for n, service := range []string{"ingest", "detect", "respond"} {
			inst := w.of(service)[n%replicas]
			wg.Go(func() {
				some, err := w.recovery(ctx, inst, how)
				if err != nil {
					inst.note(err.Error())
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, some...)
			})
		}
		wg.Wait()
		if err := w.ready(ctx); err != nil {
			w.brokers.nodes[0].note("groups do not settle: " + err.Error())
		}
	}
	return all
}

// recovery ends inst and measures how long its partitions stand still, for each
// group that it reads with.
func (w *world) recovery(ctx context.Context, inst *instance, how string) ([]Recovery, error) {
	limit, end := w.o.session+time.Second, inst.kill
	if how != "kill -9" {
		limit = time.Second
		end = func() error { return inst.life.(*process).end(syscall.SIGTERM, killPatience) }
	}
	limit += w.o.slack
	held := w.busy(inst.name)
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	took := make([]time.Duration, len(held))
	var wg sync.WaitGroup
	for i, k := range held {
		wg.Go(func() { took[i] = w.goesOn(ctx, k, inst.name, begun, limit+10*time.Second) })
	}
	wg.Wait()
	of := map[string]Recovery{}
	for i, k := range held {
		r, ok := of[k.group]
		if !ok {
			r = Recovery{Instance: inst.name, Group: k.group, How: how, Limit: (limit + w.grace(k.group)).Seconds()}
		}
		r.add(k, took[i])
		of[k.group] = r
	}
	return slices.Collect(maps.Values(of)), errors.Join(<-ended, inst.start())
}

// grace is how much later than others a group may be seen to work.
func (w *world) grace(group string) time.Duration {
	if w.tap.names[group] == "history" {
		return historyWait
	}
	return 0
}

// add notes that k stood still for so long.
func (r *Recovery) add(k ledgerKey, took time.Duration) {
	r.Partitions++
	if s := took.Seconds(); s > r.Longest {
		r.Longest, r.Of = s, fmt.Sprintf("%s/%d", k.topic, k.partition)
	}
	r.OK = r.Longest <= r.Limit
}

// busy are the partitions that an instance works on and into which there is a
// steady flow.
func (w *world) busy(name string) []ledgerKey {
	flow := []string{w.topics.Raw("zeek"), w.topics.Events(), w.topics.Findings()}
	return slices.DeleteFunc(w.ledger.held(name, time.Now().Add(-lately)), func(k ledgerKey) bool {
		return !slices.Contains(flow, k.topic)
	})
}

// goesOn waits until somebody else than who works on k, and returns how long that
// is after begun; at most longest.
func (w *world) goesOn(ctx context.Context, k ledgerKey, who string, begun time.Time, longest time.Duration) time.Duration {
	ctx, cancel := context.WithDeadline(ctx, begun.Add(longest))
	defer cancel()
	err := poll(ctx, 5*time.Millisecond, func() error {
		if at := w.ledger.worked(k); at.client != who && at.at.After(begun) {
			return nil
		}
		return fmt.Errorf("nobody works on %s/%d", k.topic, k.partition)
	})
	if err != nil {
		return longest
	}
	return time.Since(begun)
}
