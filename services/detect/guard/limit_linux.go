package guard

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// limitMemory ends the process when it wants more than so many bytes on top of
// what it has mapped now. A program that looks for races has mapped terabytes.
func limitMemory(room int64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	field, _, _ := bytes.Cut(text, []byte(" "))
	pages, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil {
		return fmt.Errorf("statm %q: %w", text, err)
	}
	most := pages*uint64(os.Getpagesize()) + uint64(room)
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most})
}

// endOnLimit makes the process end with exitCPU when it exceeds limitCPU. Go
// passes over the signal otherwise.
func endOnLimit() {
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGXCPU)
	go func() {
		<-over
		os.Exit(exitCPU)
	}()
}

// limitCPU says that the process may use so much more of the processor than it
// has until now. The kernel counts in whole seconds.
func limitCPU(more time.Duration) error {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	sum := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &l); err != nil {
		return err
	}
	l.Cur = min(l.Max, uint64((sum+more+time.Second-1)/time.Second))
	return syscall.Setrlimit(syscall.RLIMIT_CPU, &l)
}
