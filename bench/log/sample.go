package main

import (
	"runtime"
	"syscall"
	"time"
)

// A sample is where this process stands. The brokers are other processes.
type sample struct {
	at     time.Time
	cpu    time.Duration
	allocs uint64
}

func take() sample {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail
	return sample{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs}
}

// A figure is what one record cost in one round.
type figure struct {
	PerSecond float64
	CPU       float64 // µs of this process
	Allocs    float64
}

// since is the figure of n records that were handled since before.
func (s sample) since(before sample, n int64) figure {
	return figure{
		PerSecond: float64(n) / s.at.Sub(before.at).Seconds(),
		CPU:       float64((s.cpu - before.cpu).Nanoseconds()) / 1e3 / float64(n),
		Allocs:    float64(s.allocs-before.allocs) / float64(n),
	}
}
