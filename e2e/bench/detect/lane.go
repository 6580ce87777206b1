package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
)

// A lane is one contender on one kind of stream. It goes through its events
// again and again, with ids, positions and times that go on as in a log.
type lane struct {
	row
	run   evaluate
	every int // it takes part in each so-many-th round
	warm  int // events before the first round

	stream []cordon.Event
	at     int
	batch  []cordon.Event
	size   int
	ns     []float64 // for an event, by round; NaN where it took no part
	events int
	allocs uint64
}

const (
	mostBatch = 512
	perBatch  = time.Millisecond // so that the looks at clock and memory weigh nothing
	mostWarm  = 3 * time.Second
)

// next is the next batch, made ready.
func (l *lane) next() []cordon.Event {
	l.size = max(l.size, 1)
	l.batch = l.batch[:0]
	for range l.size {
		ev := l.stream[l.at%len(l.stream)]
		ev.ID = cordon.EventID(fmt.Sprintf("7e63e008-331a-8d36-8da7-%012x", l.at))
		ev.Position = cordon.Position{Topic: "events", Offset: int64(l.at)}
		ev.Time = time.UnixMilli(began + int64(l.at)).UTC() // a thousand a second
		ev.Recorded = ev.Time
		l.batch = append(l.batch, ev)
		l.at++
	}
	return l.batch
}

// once evaluates a batch and fits the size of the next one.
func (l *lane) once() (sample, int, error) {
	batch := l.next()
	s, err := measure(func() error {
		for i := range batch {
			if _, err := l.run(&batch[i]); err != nil {
				return fmt.Errorf("%s on %s: %w", l.Contender, batch[i].Body, err)
			}
		}
		return nil
	})
	if s.cpu < perBatch && l.size < mostBatch {
		l.size *= 2
	}
	return s, len(batch), err
}

// warmUp fills caches and what remembers a bounded number of events.
func (l *lane) warmUp(c *collector) error {
	var spent time.Duration
	for l.at < l.warm && spent < mostWarm {
		s, _, err := l.once()
		if err != nil {
			return err
		}
		spent += c.charge(s)
		c.tidy()
	}
	return nil
}

// round runs l for about slice and notes what an event took.
func (l *lane) round(number int, slice time.Duration, c *collector) error {
	if number%l.every != 0 {
		l.ns = append(l.ns, math.NaN())
		return nil
	}
	var spent, charged time.Duration
	events := 0
	for spent < slice {
		s, n, err := l.once()
		if err != nil {
			return err
		}
		spent += s.cpu
		charged += c.charge(s)
		l.allocs += s.allocs
		events += n
	}
	l.events += events
	l.ns = append(l.ns, float64(charged)/float64(events))
	return nil
}

// release gives up all but the figures.
func (l *lane) release() { l.run, l.stream, l.batch = nil, nil, nil }

// race runs all lanes round by round, so that each meets the machine in the
// same moods.
func race(lanes []*lane, rounds int, slice time.Duration) error {
	c, stop := newCollector()
	defer stop()
	for _, l := range lanes {
		if err := l.warmUp(c); err != nil {
			return err
		}
	}
	for i := range rounds {
		c.tidy()
		for _, l := range lanes {
			if err := l.round(i, slice, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// ratio is the median of a's cost as a multiple of b's in the same round.
func ratio(a, b []float64) float64 {
	var all []float64
	for i := range min(len(a), len(b)) {
		if r := a[i] / b[i]; !math.IsNaN(r) {
			all = append(all, r)
		}
	}
	return median(all)
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(v), math.IsNaN)))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
