package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const scaleRules = 1000 // of the measurement with two goroutines

// speedup is the median of how much more two engines on two goroutines reach
// than one, by the clock: it needs two idle cores to say anything. Rounds with
// one and with two take turns.
func (g *group) speedup(rounds int, slice time.Duration) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var lanes []*lane
	for range 2 {
		lanes = append(lanes, &lane{row: row{Contender: engineName}, run: cordonEngine(g.packs[false], false), stream: g.streams.alerting, size: streamLength})
	}
	size, err := fit(lanes[0], slice)
	if err != nil {
		return 0, err
	}
	var all []float64
	for range rounds {
		one, err := wall(size, lanes[:1])
		if err != nil {
			return 0, err
		}
		two, err := wall(size, lanes)
		if err != nil {
			return 0, err
		}
		all = append(all, 2*one.Seconds()/two.Seconds())
	}
	return median(all), nil
}

// fit is the number of events that l takes slice for.
func fit(l *lane, slice time.Duration) (int, error) {
	var err error
	var took time.Duration
	for range 3 { // the first ones warm up
		took, err = wall(streamLength, []*lane{l})
		if err != nil {
			return 0, err
		}
	}
	return max(1, int(streamLength*slice.Seconds()/took.Seconds())), nil
}

// wall is how long it takes all lanes at once, each on a goroutine of its own,
// to evaluate n events each.
func wall(n int, lanes []*lane) (time.Duration, error) {
	errs := make([]error, len(lanes))
	for _, l := range lanes {
		l.size = n
		l.next()
	}
	runtime.GC()
	var wg sync.WaitGroup
	began := time.Now()
	for i, l := range lanes {
		wg.Go(func() {
			for j := range l.batch {
				if _, err := l.run(&l.batch[j]); err != nil {
					errs[i] = fmt.Errorf("two goroutines: %w", err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began), errors.Join(errs...)
}
