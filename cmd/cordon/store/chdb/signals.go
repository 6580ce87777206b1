package chdb

import (
	"syscall"
	"unsafe"
)

// sigaction is struct kernel_sigaction of linux/amd64 and linux/arm64.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const lastSignal = 64

// keepSignals calls f and puts back every signal action as it was. libchdb
// sets the actions of SEGV, ABRT, BUS, ILL, FPE, TRAP, SYS and TSTP to the
// default when its own handlers are switched off; without putting Go's back,
// a nil dereference anywhere in this process would end it.
func keepSignals(f func()) {
	var saved [lastSignal + 1]sigaction
	for sig := 1; sig <= lastSignal; sig++ {
		rtSigaction(sig, nil, &saved[sig])
	}
	f()
	for sig := 1; sig <= lastSignal; sig++ {
		var now sigaction
		rtSigaction(sig, nil, &now)
		if now != saved[sig] {
			rtSigaction(sig, &saved[sig], nil)
		}
	}
}

// rtSigaction bypasses the runtime, which offers no way to read an action.
// It fails only for signals that cannot be set (KILL, STOP).
func rtSigaction(sig int, set, old *sigaction) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(sigaction{}.mask), 0, 0) //nolint:gosec // the kernel takes addresses
}
