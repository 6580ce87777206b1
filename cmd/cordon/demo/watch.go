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

	// Actions that were seen before the finding they follow from: the topics
	// are read side by side. Those that follow from a finding of an earlier run
	// stay here.
	early map[cordon.FindingID][]cordon.Action
}

// found is a finding or an action as it was seen.
type found struct {
	finding *cordon.Finding
	action  *cordon.Action
	since   time.Duration // from the raw record on
	known   bool          // since is
}

func newWatcher(k wkafka.Config, t cordon.Topics, known map[cordon.DeviceID]bool, told func(found)) *watcher {
	return &watcher{kafka: k, topics: t, known: known, told: told, tally: newTally(), next: map[string][]int64{}, early: map[cordon.FindingID][]cordon.Action{}}
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
	for p, from := range w.next[w.topics.Findings()] {
		g.Go(func() error { return w.followFindings(ctx, p, from) })
	}
	for p, from := range w.next[w.topics.Actions()] {
		g.Go(func() error { return stream.Follow(ctx, w.kafka, w.topics.Actions(), p, from, w.action) })
	}
	return g.Wait()
}

// followFindings follows one partition; what caused a finding is in the same
// one of the events topic.
func (w *watcher) followFindings(ctx context.Context, partition int, from int64) error {
	causes := wkafka.NewPartitionReader(w.kafka, w.topics.Events(), partition, 0)
	defer causes.Close()
	return stream.Follow(ctx, w.kafka, w.topics.Findings(), partition, from, func(r cordon.Record) error {
		f, err := cordon.FindingOf(r)
		if err != nil {
			return err
		}
		if !w.known[f.Device] {
			w.seen(r.Position, nil)
			return nil
		}
		recorded, err := recordedAt(ctx, causes, f.CauseAt.Offset)
		if err != nil {
			return err
		}
		w.seen(r.Position, func() { w.finding(f, recorded) })
		return nil
	})
}

// recordedAt is when the log took the raw record that the event at offset was
// made of.
func recordedAt(ctx context.Context, events *wkafka.PartitionReader, offset int64) (time.Time, error) {
	events.SeekTo(offset)
	b, err := events.Fetch(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, h := range b.Records[0].Headers {
		if h.Key == cordon.HeaderRecorded {
			return time.Parse(time.RFC3339Nano, string(h.Value))
		}
	}
	return time.Time{}, nil
}

func (w *watcher) finding(f cordon.Finding, recorded time.Time) {
	w.tally.finding(f, recorded)
	w.told(found{finding: &f})
	for _, a := range w.early[f.ID] {
		w.step(a)
	}
	delete(w.early, f.ID)
}

func (w *watcher) action(r cordon.Record) error {
	a, err := cordon.ActionOf(r)
	if err != nil {
		return err
	}
	w.seen(r.Position, func() {
		if w.tally.knows(a.Finding) {
			w.step(a)
			return
		}
		w.early[a.Finding] = append(w.early[a.Finding], a)
	})
	return nil
}

func (w *watcher) step(a cordon.Action) {
	since, known := w.tally.action(a)
	w.told(found{action: &a, since: since, known: known})
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
