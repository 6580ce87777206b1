package pace_test

import (
	"testing"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/pace"
)

func TestParseSpeed(t *testing.T) {
	for _, c := range []struct {
		in   string
		want pace.Speed
		ok   bool
	}{
		{"max", pace.Max, true}, {"original", pace.Original, true}, {"10x", 10, true}, {"0.5x", 0.5, true}, {"2", 2, true},
		{"", 0, false}, {"0x", 0, false}, {"-1x", 0, false}, {"fast", 0, false}, {"Infx", 0, false}, {"NaN", 0, false},
	} {
		got, err := pace.ParseSpeed(c.in)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("ParseSpeed(%q) = %v, %v; want %v, ok %v", c.in, got, err, c.want, c.ok)
		}
	}
}

func TestUntil(t *testing.T) {
	base := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	wall := base.Add(1000 * time.Hour)
	at := func(s float64) time.Time { return base.Add(time.Duration(s * float64(time.Second))) }
	for _, c := range []struct {
		name    string
		speed   pace.Speed
		record  time.Time
		elapsed time.Duration
		want    time.Duration
	}{
		{"original, early", 1, at(10), 4 * time.Second, 6 * time.Second},
		{"original, late", 1, at(10), 11 * time.Second, 0},
		{"ten times", 10, at(10), 0, time.Second},
		{"max", pace.Max, at(10), 0, 0},
		{"back in time", 1, at(-5), time.Second, 0},
		{"no time", 1, time.Time{}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := wall
			p := pace.NewPlayer(c.speed, func() time.Time { return now })
			if got := p.Until(at(0)); got != 0 {
				t.Errorf("Until(first) = %v; want 0", got)
			}
			now = wall.Add(c.elapsed)
			if got := p.Until(c.record); got != c.want {
				t.Errorf("Until = %v; want %v", got, c.want)
			}
		})
	}
}
