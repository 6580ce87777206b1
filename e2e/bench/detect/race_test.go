package main

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// A lane hands out events as a log does: each id once, positions and times
// going on, whatever the size of the batches.
func TestLaneGoesOnLikeALog(t *testing.T) {
	l := &lane{stream: []cordon.Event{{Device: "a"}, {Device: "b"}, {Device: "c"}}, size: 2}
	ids := map[cordon.EventID]bool{}
	var devices []string
	last := cordon.Event{Position: cordon.Position{Offset: -1}}
	for range 4 {
		for _, ev := range l.next() {
			if ids[ev.ID] || ev.Position.Offset != last.Position.Offset+1 || !ev.Time.After(last.Time) {
				t.Errorf("%+v after %+v; want the next place in the log under a new id", ev, last)
			}
			ids[ev.ID], last = true, ev
			devices = append(devices, string(ev.Device))
		}
	}
	if got := strings.Join(devices, ""); got != "abcabcab" {
		t.Errorf("next() 4 times = %s; want abcabcab", got)
	}
}

func TestRace(t *testing.T) {
	count := map[string]int{}
	entrant := func(name string, every int) *lane {
		return &lane{row: row{Contender: name}, every: every, stream: make([]cordon.Event, 10), run: func(*cordon.Event) (int, error) {
			count[name]++
			return 0, nil
		}}
	}
	often, rarely := entrant("often", 1), entrant("rarely", 3)
	if err := race([]*lane{often, rarely}, 4, 100*time.Microsecond); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*lane{often, rarely} {
		rounds := 0
		for _, ns := range l.ns {
			if ns > 0 {
				rounds++
			}
		}
		if want := (4 + l.every - 1) / l.every; rounds != want || len(l.ns) != 4 || l.events != count[l.Contender] {
			t.Errorf("%s: %v for %d events; want %d rounds of 4 and %d events", l.Contender, l.ns, l.events, want, count[l.Contender])
		}
	}
}

func TestRaceStopsAtAnError(t *testing.T) {
	bad := errors.New("bad")
	l := &lane{every: 1, stream: make([]cordon.Event, 1), run: func(*cordon.Event) (int, error) { return 0, bad }}
	if err := race([]*lane{l}, 1, time.Millisecond); !errors.Is(err, bad) {
		t.Errorf("race() = %v; want %v", err, bad)
	}
}

// A collection that takes 40 ms with 10 MiB live is due after 40 MiB: 1 ms
// for each MiB of garbage.
func TestCollectorCharges(t *testing.T) {
	var now time.Duration
	c := &collector{cpu: func() time.Duration { return now }, run: func() { now += 40 * time.Millisecond }, live: func() uint64 { return 10 << 20 }}
	c.collect()
	if got := c.charge(sample{cpu: time.Millisecond, bytes: 2 << 20}); got.Round(time.Microsecond) != 3*time.Millisecond {
		t.Errorf("charge(1 ms, 2 MiB) = %v; want 3ms", got)
	}
	c.tidy()
	if c.dirty != 2<<20 {
		t.Errorf("dirty = %d; want no collection for 2 MiB", c.dirty)
	}
	c.charge(sample{bytes: mostDirty})
	if c.tidy(); c.dirty != 0 {
		t.Errorf("dirty = %d; want 0 after a collection", c.dirty)
	}
}

func TestRatio(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"within rounds", []float64{2, 40, 6}, []float64{1, 10, 2}, 3},
		{"rounds left out", []float64{2, nan, 8}, []float64{1, 1, nan}, 2},
		{"none", nil, []float64{1}, 0},
	} {
		if got := ratio(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: ratio(%v, %v) = %v; want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}

func TestRowsAndGoals(t *testing.T) {
	entrant := func(name string, rules int, alerting float64, windows bool, ns float64) *lane {
		return &lane{row: row{Contender: name, Rules: rules, Alerting: alerting, Event: "flat", Windows: windows}, ns: []float64{ns}, events: 4, allocs: 2}
	}
	rs := results{
		entrant(floorName, 10, 0.5, false, 1000), entrant(engineName, 10, 0.5, false, 1000),
		entrant(floorName, 1000, 0.5, false, 1000), entrant(engineName, 1000, 0.5, false, 1900),
		entrant(engineName, 1000, 0.5, true, 2500), entrant(oneSetName, 1000, 0.5, false, 190_000),
		entrant(floorName, 1000, 0, false, 1000), entrant(engineName, 1000, 0, false, 1500),
	}
	want := row{Contender: engineName, Rules: 1000, Alerting: 0.5, Event: "flat", Ratio: 1.9, CPU: 1900, Allocs: 0.5}
	if d := cmp.Diff(want, rs.rows()[3]); d != "" {
		t.Errorf("rows()[3] (-want +got):\n%s", d)
	}
	var b bytes.Buffer
	writeGoals(&b, rs.goals(1.8))
	for _, want := range []string{
		"flat: 1000 rules to the floor 1.90 <= 2 PASS",
		"flat: 100 rules to the floor not measured (wanted <= 1.5)",
		"flat: over OPA, one set, EvalInput at 1000 rules 100.00 >= 60 PASS",
		"flat: growth from 10 to 1000 rules 1.90 <= 1.8 MISSED",
		"flat: six windows at 1000 rules 1.32 <= 1.25 MISSED",
		"flat: allocations without a match, 1000 rules 0.50 <= 0.0005 MISSED",
		"two goroutines to one 1.80 >= 1.7 PASS",
	} {
		if got := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(got, want) {
			t.Errorf("goals = %s; want %s among them", b.String(), want)
		}
	}
	var table bytes.Buffer
	writeTable(&table, rs.rows(), []int{10, 1000})
	if got := strings.Count(table.String(), "\n"); got != 2+6 {
		t.Errorf("table has %d lines; want 8:\n%s", got, table.String())
	}
}
