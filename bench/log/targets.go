package main

import (
	"fmt"
	"io"
)

// A goal is what a variant has to reach, as a multiple of its base on the same
// broker in the same rounds.
type goal struct {
	what    string
	variant string // label
	atLeast float64
}

func goals() []goal {
	return []goal{
		{"batch + Router + 4 middleware to kafka.Reader", "Subscriber, batch + Router + 4 middleware", 2},
		{"the same on a topic in lz4", "Subscriber, batch + Router + 4 middleware, lz4", 2},
		{"per event, direct, window 1, to kafka.Reader", "Subscriber, window 1", 1.4},
		{"per event, direct, window 100, to kafka.Reader", "Subscriber, window 100", 1.4},
		{"one publisher to kafka.Writer with 1 ms linger", "Publisher, 1 goroutine", 10},
		{"idempotent bulk publish to kafka.Writer", "Publisher, 4000 a call", 1},
		{"the same in lz4", "Publisher, 4000 a call, lz4", 1},
	}
}

// writeGoals says which goals were reached.
func writeGoals(w io.Writer, rows []output) {
	for _, g := range goals() {
		for _, r := range rows {
			if r.Variant != g.variant {
				continue
			}
			verdict := "PASS  "
			if r.Ratio < g.atLeast {
				verdict = "MISSED"
			}
			fmt.Fprintf(w, "%s  %-8s  %-48s  %5.2f, wanted %g\n", verdict, r.Broker, g.what, r.Ratio, g.atLeast)
		}
	}
}
