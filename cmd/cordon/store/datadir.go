package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// dataDir is an open data directory, held against other processes.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes and locks a data directory. The engine has a lock of its
// own, but says nothing to its caller when it is taken.
func openDataDir(path string) (*dataDir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(abs, "engine"), 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(abs, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the user names the directory
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := hold(f, abs); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &dataDir{path: abs, lock: f}, nil
}

func hold(f *os.File, path string) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(f.Name())
		return fmt.Errorf("data directory %s is in use by process %s: stop it or choose another directory with --data: %w",
			path, strings.TrimSpace(string(owner)), err)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

func (d *dataDir) close() error { return d.lock.Close() }

func (d *dataDir) engine() string { return filepath.Join(d.path, "engine") }
