package fleet

import (
	"cmp"
	"slices"
	"time"
)

// Event is one record as a sensor or device reports it.
type Event struct {
	At     time.Time // when it was reported
	Format string    // raw format: zeek or ocsf
	Key    string    // the sensor or device that reports
	Value  []byte
	Attack string // name of the attack it belongs to; empty: everyday traffic
}

// Plan is a span of a site's life.
type Plan struct {
	Start time.Time
	Span  time.Duration
	Round int // numbers the spans of one run; attacks of each hit other devices
}

// Attack is something that happens to one device.
type Attack struct {
	Name   string
	Device string
	Text   string // what happens, for people: "turns into a telnet scanner"
	At     time.Time
}

// Traffic returns all that sensors and devices report in p, in order.
func (f Fleet) Traffic(p Plan) []Event {
	out := f.everyday(p)
	for _, a := range f.attacks(p) {
		out = append(out, a.events...)
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return out
}

// Attacks returns the attacks of p in the order in which they begin.
func (f Fleet) Attacks(p Plan) []Attack {
	var out []Attack
	for _, a := range f.attacks(p) {
		out = append(out, a.Attack)
	}
	slices.SortStableFunc(out, func(a, b Attack) int { return a.At.Compare(b.At) })
	return out
}
