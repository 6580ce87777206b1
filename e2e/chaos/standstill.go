package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Standstill is the longest time between two commits for a partition, while
// there was always something to commit.
type Standstill struct {
	Group     string  `json:"group"`
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Seconds   float64 `json:"s"`
	Until     string  `json:"until"` // time of the day, as in the logs
}

// String is for the table.
func (s Standstill) String() string {
	return fmt.Sprintf("longest standstill of %s: %.1f s (%s/%d, until %s)", s.Group, s.Seconds, s.Topic, s.Partition, s.Until)
}

// pace is how regularly a partition is committed.
type pace struct {
	last, until time.Time
	longest     time.Duration
}

// commits notes that there was a commit.
func (p *pace) commits(now time.Time) {
	if d := now.Sub(p.last); !p.last.IsZero() && d > p.longest {
		p.longest, p.until = d, now
	}
	p.last = now
}

// close ends the time in which standstills count.
func (l *ledger) close(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.paces {
		p.commits(now)
	}
	l.closed = true
}

// standstills are those of the partitions of topics, the longest first.
func (l *ledger) standstills(topics []string) []Standstill {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Standstill
	for k, p := range l.paces {
		if slices.Contains(topics, k.topic) {
			all = append(all, Standstill{k.group, k.topic, k.partition, p.longest.Seconds(), p.until.Format("15:04:05.000")})
		}
	}
	slices.SortFunc(all, func(a, b Standstill) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.String(), b.String()))
	})
	return all
}

// worst are the longest of each group; all are sorted.
func worst(all []Standstill) (out []Standstill) {
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s.Group] {
			seen[s.Group] = true
			out = append(out, s)
		}
	}
	return out
}
