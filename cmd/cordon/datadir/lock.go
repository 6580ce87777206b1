// Package datadir keeps what an instance of cordon leaves on disk: the lock
// that only one process holds, where the instance is reached, and its secrets.
package datadir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lock is the right to use a data directory. The kernel takes it back when the
// process ends, however it ends.
type Lock struct{ f *os.File }

const lockName = "lock"

// Acquire makes dir if it is missing and locks it, or says who holds it.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the user names it
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		return nil, lockError(dir, f, err)
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	return &Lock{f}, nil
}

func lockError(dir string, f io.Reader, err error) error {
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	pid, _ := io.ReadAll(io.LimitReader(f, 20))
	return fmt.Errorf("%s is in use by process %s; stop that one or choose another --data", dir, strings.TrimSpace(string(pid)))
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

// WaitFree waits until nobody holds dir, not longer than limit, and reports
// whether that is so. What was started by a process that was killed takes a
// moment to end.
func WaitFree(dir string, limit time.Duration) bool {
	for waited := time.Duration(0); waited < limit; waited += askAgain {
		l, err := Acquire(dir)
		if err == nil {
			l.Release()
			return true
		}
		time.Sleep(askAgain)
	}
	return false
}

const askAgain = 100 * time.Millisecond

// Release gives the directory back.
func (l *Lock) Release() { l.f.Close() }
