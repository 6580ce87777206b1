package main

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/lag"
)

// Sample is what an instance weighed at a time.
type Sample struct {
	At         float64 `json:"at_s"`
	Goroutines float64 `json:"goroutines"`
	Bytes      float64 `json:"resident_bytes"`
}

// sampler asks instances for their weight, and the broker for offsets, from
// time to time.
type sampler struct {
	w *world

	mu     sync.Mutex // guards what follows
	of     map[string][]Sample
	rounds int
}

// run samples until ctx ends.
func (s *sampler) run(ctx context.Context, every time.Duration) {
	s.of = map[string][]Sample{}
	k, err := newKafka(s.w.brokers)
	if err != nil {
		return
	}
	defer k.close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s.commits(ctx, k)
		for _, inst := range s.w.services {
			s.weigh(ctx, inst)
		}
		s.mu.Lock()
		s.rounds++
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// commits asks what is committed.
func (s *sampler) commits(ctx context.Context, k kafka) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, stage := range lag.Stages(s.w.topics) {
		for g, topics := range stage.Groups {
			all, err := k.committed(ctx, g, topics)
			if err != nil {
				return // a broker that is down is asked again later
			}
			for _, c := range all {
				s.w.ledger.ask("sampler", c)
			}
		}
	}
}

func (s *sampler) weigh(ctx context.Context, inst *instance) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+inst.metrics+"/metrics", nil)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // killed or stopped
	}
	defer func() { _ = res.Body.Close() }()
	x := Sample{At: time.Since(s.w.director.begun).Seconds()}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "go_goroutines":
			x.Goroutines, _ = strconv.ParseFloat(value, 64)
		case "process_resident_memory_bytes":
			x.Bytes, _ = strconv.ParseFloat(value, 64)
		}
	}
	if x.Goroutines == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[inst.name] = append(s.of[inst.name], x)
}

// Weight is how the weight of an instance went on.
type Weight struct {
	Samples             int     `json:"samples"`
	Goroutines          float64 `json:"goroutines"` // last
	MostGoroutines      float64 `json:"most_goroutines"`
	GoroutinesPerMinute float64 `json:"goroutines_per_minute"`
	MiB                 float64 `json:"mib"` // last
	MostMiB             float64 `json:"most_mib"`
	MiBPerMinute        float64 `json:"mib_per_minute"`
}

// weights judges the samples of each instance, also one that has none, and says
// how often all were to be weighed.
func (s *sampler) weights() (of map[string]Weight, rounds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of = map[string]Weight{}
	for _, inst := range s.w.services {
		of[inst.name] = weight(s.of[inst.name])
	}
	return of, s.rounds
}

// weight judges samples without the first fifth of them: there, caches fill and
// the heap finds its size.
func weight(all []Sample) Weight {
	all = all[len(all)/5:]
	w := Weight{Samples: len(all)}
	if len(all) == 0 {
		return w
	}
	for _, x := range all {
		w.MostGoroutines = max(w.MostGoroutines, x.Goroutines)
		w.MostMiB = max(w.MostMiB, x.Bytes/(1<<20))
	}
	last := all[len(all)-1]
	w.Goroutines, w.MiB = last.Goroutines, last.Bytes/(1<<20)
	w.GoroutinesPerMinute = slope(all, func(x Sample) float64 { return x.Goroutines })
	w.MiBPerMinute = slope(all, func(x Sample) float64 { return x.Bytes / (1 << 20) })
	return w
}

// slope is the rise per minute of the straight line that fits best.
func slope(all []Sample, of func(Sample) float64) float64 {
	n := float64(len(all))
	var sx, sy, sxx, sxy float64
	for _, s := range all {
		x, y := s.At/60, of(s)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; d > 1e-9 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}
