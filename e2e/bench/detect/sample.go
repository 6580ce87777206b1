package main

import (
	"runtime"
	"syscall"
	"time"
)

// sample is what this process has used so far.
type sample struct {
	cpu           time.Duration
	allocs, bytes uint64
}

// cpu is the time that this process has spent on a processor: what other
// processes do does not count.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func memory() (allocs, bytes uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs, m.TotalAlloc
}

// measure is what f uses. Looking at memory stops the world; that time is not
// f's.
func measure(f func() error) (sample, error) {
	allocs, bytes := memory()
	before := cpu()
	err := f()
	s := sample{cpu: cpu() - before}
	s.allocs, s.bytes = memory()
	s.allocs, s.bytes = s.allocs-allocs, s.bytes-bytes
	return s, err
}
