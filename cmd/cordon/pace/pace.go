// Package pace says when a record of the past is due when its stream is played
// again.
package pace

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Speed is how many times faster than recorded a stream is played; Max does
// not wait at all.
type Speed float64

// Speeds with names.
const (
	Max      Speed = 0
	Original Speed = 1
)

// ParseSpeed reads "max", "original" or a factor such as "10x".
func ParseSpeed(s string) (Speed, error) {
	switch s {
	case "max":
		return Max, nil
	case "original":
		return Original, nil
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
	if err != nil || x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0, fmt.Errorf("speed %q: want max, original or a factor such as 10x", s)
	}
	return Speed(x), nil
}

// Player plays one stream. It belongs to one goroutine.
type Player struct {
	speed    Speed
	now      func() time.Time
	recorded time.Time // of the first record
	started  time.Time // when that was played
}

// NewPlayer returns a player whose clock is now.
func NewPlayer(s Speed, now func() time.Time) *Player { return &Player{speed: s, now: now} }

// Until returns how long to wait before the record of time at is due. Records
// without a time, and those earlier than the one before, are due at once.
func (p *Player) Until(at time.Time) time.Duration {
	if p.speed == Max || at.IsZero() {
		return 0
	}
	if p.started.IsZero() {
		p.recorded, p.started = at, p.now()
	}
	due := time.Duration(float64(at.Sub(p.recorded)) / float64(p.speed))
	return max(0, due-p.now().Sub(p.started))
}

// Sleep waits for d or until ctx ends, which it reports.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
