package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRatiosAndMedians(t *testing.T) {
	round := func(bare, all float64) []figure {
		return ratios([]figure{{Stage: "bare", PerSecond: bare, CPU: bare / 10}, {Stage: "end to end", PerSecond: all}})
	}
	got := medians([][]figure{round(100, 50), round(400, 100), round(200, 180)})
	want := []figure{
		{Stage: "bare", PerSecond: 200, CPU: 20, Ratio: 1},
		{Stage: "end to end", PerSecond: 100, Ratio: 0.5}, // of its own round, not 100/200 by chance
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("medians differ (-want +got):\n%s", d)
	}
}

func TestNewLatency(t *testing.T) {
	var took []time.Duration
	for i := 101; i > 0; i-- {
		took = append(took, time.Duration(i)*time.Millisecond)
	}
	want := latencyFigure{Latency: "event to webhook", P50: 51, P99: 100, Rate: 7}
	if d := cmp.Diff(want, newLatency(took, 7)); d != "" {
		t.Errorf("newLatency(1..101 ms) differs (-want +got):\n%s", d)
	}
}

func TestBetween(t *testing.T) {
	began := time.Unix(0, 0)
	got := between("x", mark{at: began, cpu: time.Second}, mark{began.Add(2 * time.Second), 3 * time.Second, time.Second, 0}, 1_000_000)
	want := figure{Stage: "x", PerSecond: 500_000, CPU: 2, Broker: 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("between differs (-want +got):\n%s", d)
	}
}
