package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Recovery is how long the partitions of a group stood still after their reader
// went.
type Recovery struct {
	Instance   string  `json:"instance"`
	Group      string  `json:"group"`
	Stage      string  `json:"stage"` // of the group, in the words of the plan
	How        string  `json:"how"`   // "kill -9" or "clean stop"
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
	// warmUp is how long brokers on the Java platform work before anything is
	// measured: until their code is compiled they take ten times as long.
	warmUp = 20 * time.Second
	// workerPatience is how long it may take until somebody works for all groups
	// of a service.
	workerPatience = 20 * time.Second
	// historyWait is how long history waits for a batch to fill; before that
	// nobody sees it work, unless it has to repeat the insert before.
	historyWait = 2 * time.Second
)

// ways are how instances are ended to see who goes on.
func ways() []string { return []string{"kill -9", "clean stop"} }

// stages are the groups of each service, in the words of the plan.
func stages() map[string][]string {
	return map[string][]string{"ingest": {"raw", "history"}, "detect": {"detect"}, "respond": {"respond"}}
}

// recoveries kills one instance of each service, starts it again, lets the
// groups settle, and stops one: nothing else goes wrong meanwhile. One service
// after the other, since each has nothing to do while the one before it stands
// still. failed says what could not be measured.
func (w *world) recoveries(ctx context.Context) (all []Recovery, failed []string) {
	if w.o.broker != "embedded" && w.o.slack == 0 {
		rest(ctx, warmUp)
	}
	for _, how := range ways() {
		for service, groups := range stages() {
			rest(ctx, 2*lately) // so that it is known who works on what
			some, err := w.recover(ctx, service, groups, how)
			all = append(all, some...)
			if err != nil {
				failed = append(failed, fmt.Sprintf("%s of %s: %v", how, service, err))
			}
			if err := w.ready(ctx); err != nil {
				failed = append(failed, fmt.Sprintf("groups do not settle after a %s of %s: %v", how, service, err))
			}
		}
	}
	return all, failed
}

// rest waits for d or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// recover measures an instance of service that works for all of groups.
func (w *world) recover(ctx context.Context, service string, groups []string, how string) ([]Recovery, error) {
	inst, err := w.worker(ctx, service, groups)
	if err != nil {
		return nil, err
	}
	return w.recovery(ctx, inst, how)
}

// worker waits until some instance of service works for all of groups: where
// nothing is worked on, nothing can be measured.
func (w *world) worker(ctx context.Context, service string, groups []string) (found *instance, err error) {
	ctx, cancel := context.WithTimeout(ctx, workerPatience)
	defer cancel()
	err = poll(ctx, 50*time.Millisecond, func() error {
		for _, inst := range w.of(service) {
			works := map[string]bool{}
			for _, k := range w.busy(inst.name) {
				works[w.tap.names[k.group]] = true
			}
			if !slices.ContainsFunc(groups, func(g string) bool { return !works[g] }) {
				found = inst
				return nil
			}
		}
		return fmt.Errorf("no instance works for each of %v", groups)
	})
	return found, err
}

// unmeasured says which recoveries are missing.
func unmeasured(all []Recovery) (missing []string) {
	for _, how := range ways() {
		for _, groups := range stages() {
			for _, g := range groups {
				if !slices.ContainsFunc(all, func(r Recovery) bool { return r.How == how && r.Stage == g && r.Partitions > 0 }) {
					missing = append(missing, fmt.Sprintf("%s of a reader of %s", how, g))
				}
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// recovery ends inst and measures how long its partitions stand still, for each
// group that it reads with.
func (w *world) recovery(ctx context.Context, inst *instance, how string) ([]Recovery, error) {
	limit, end := w.o.session+time.Second, inst.kill
	if how != "kill -9" {
		limit = time.Second
		end = inst.life.(*process).quit
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
			r = Recovery{Instance: inst.name, Group: k.group, Stage: w.tap.names[k.group], How: how, Limit: (limit + w.grace(k.group)).Seconds()}
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
	flow := w.flow()
	return slices.DeleteFunc(w.ledger.held(name, time.Now().Add(-lately)), func(k ledgerKey) bool {
		return !slices.Contains(flow, k.topic)
	})
}

// flow are the topics to which something is appended all the time.
func (w *world) flow() []string {
	return []string{w.topics.Raw("zeek"), w.topics.Events(), w.topics.Findings()}
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
