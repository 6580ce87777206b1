package main

import (
	"encoding/json"
	"os"
	"slices"
	"time"
)

// latencyFigure is how long it takes from the append of a raw record to the
// arrival of the webhook that it leads to.
type latencyFigure struct {
	Latency string  `json:"latency"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Rate    int     `json:"rate"` // events per second
}

func newLatency(took []time.Duration, rate int) latencyFigure {
	slices.Sort(took)
	at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1000 }
	return latencyFigure{"event to webhook", at(0.50), at(0.99), rate}
}

// write stores all figures as one JSON array.
func write(path string, stages []figure, l latencyFigure) error {
	all := []any{}
	for _, f := range stages {
		all = append(all, f)
	}
	b, err := json.MarshalIndent(append(all, l), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}
