package demo

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/wkafka"
)

// watcher follows what policies find and what is done about it.
type watcher struct {
	kafka  wkafka.Config
	topics cordon.Topics
	known  map[cordon.DeviceID]bool // devices of the demo; others are none of its business
	told   func(found)

	mu    sync.Mutex // guards what follows
	tally *tally
	next  map[string][]int64 // by topic, the offset after the last record seen
}

// found is a finding or an action as it was seen.
type found struct {
	finding *cordon.Finding
	action  *cordon.Action
	since   time.Duration // from the raw record on
	known   bool          // since is
}

func newWatcher(k wkafka.Config, t cordon.Topics, known map[cordon.DeviceID]bool, told func(found)) *watcher {
	return &watcher{kafka: k, topics: t, known: known, told: told, tally: newTally(), next: map[string][]int64{}}
}

// start notes where the topics end now; what comes later is followed.
func (w *watcher) start(ctx context.Context) error {
	for _, topic := range []string{w.topics.Findings(), w.topics.Actions()} {
		ends, err := wkafka.EndOffsets(ctx, w.kafka, topic)
		if err != nil {
			return err
		}
		w.next[topic] = ends
	}
	return nil
}

// run follows the topics until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	follow := func(topic string, f func(context.Context, cordon.Record) error) {
		for p, from := range w.next[topic] {
			g.Go(func() error {
				return stream.Follow(ctx, w.kafka, topic, p, from, func(r cordon.Record) error { return f(ctx, r) })
			})
		}
	}
	follow(w.topics.Findings(), w.finding)
	follow(w.topics.Actions(), w.action)
	return g.Wait()
}

func (w *watcher) finding(ctx context.Context, r cordon.Record) error {
	f, err := cordon.FindingOf(r)
	if err != nil {
		return err
	}
	if !w.known[f.Device] {
		w.seen(r.Position, nil)
		return nil
	}
	recorded, err := w.recorded(ctx, f.CauseAt)
	if err != nil {
		return err
	}
	w.seen(r.Position, func() {
		w.tally.finding(f, recorded)
		w.told(found{finding: &f})
	})
	return nil
}

func (w *watcher) action(_ context.Context, r cordon.Record) error {
	a, err := cordon.ActionOf(r)
	if err != nil {
		return err
	}
	if !w.known[a.Device] {
		w.seen(r.Position, nil)
		return nil
	}
	w.seen(r.Position, func() {
		since, known := w.tally.action(a)
		w.told(found{action: &a, since: since, known: known})
	})
	return nil
}

// seen does what follows from the record at p, one at a time.
func (w *watcher) seen(p cordon.Position, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f != nil {
		f()
	}
	w.next[p.Topic][p.Partition] = p.Offset + 1
}

// recorded is when the log took the raw record that the event at p was made of.
func (w *watcher) recorded(ctx context.Context, p cordon.Position) (time.Time, error) {
	var at time.Time
	_, err := stream.Replay(ctx, w.kafka, p.Topic, p.Partition, p.Offset, p.Offset+1, func(r cordon.Record) error {
		e, err := cordon.EventOf(r)
		if err != nil {
			return err
		}
		at = e.Recorded
		return nil
	})
	return at, err
}

// caughtUp reports whether all that the topics held at ends has been seen.
func (w *watcher) caughtUp(ends map[string][]int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for topic, to := range ends {
		for p, end := range to {
			if w.next[topic][p] < end {
				return false
			}
		}
	}
	return true
}

// look calls f with the tally; nothing is added meanwhile.
func (w *watcher) look(f func(*tally)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.tally)
}
