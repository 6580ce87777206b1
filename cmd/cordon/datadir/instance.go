package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Instance says how a running cordon is reached. It is written when all parts
// are ready and removed on an orderly stop, so that other commands find it
// without settings.
type Instance struct {
	PID         int       `json:"pid"`
	Started     time.Time `json:"started"`
	Brokers     []string  `json:"brokers"`
	TopicPrefix string    `json:"topic_prefix,omitempty"`
	Reader      string    `json:"clickhouse"` // DSN of the user that only reads
	Health      string    `json:"health,omitempty"`
	Store       string    `json:"store,omitempty"` // web address of the embedded store
	MaxLease    string    `json:"max_lease"`
}

const instanceName = "run.json"

// ErrNotRunning says that no cordon runs on a data directory.
var ErrNotRunning = errors.New("no running cordon")

// Publish says how i is reached. The file is for this user alone: it holds a
// password.
func Publish(dir string, i Instance) error {
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, instanceName), append(b, '\n'))
}

// Withdraw takes back what Publish said.
func Withdraw(dir string) error {
	if err := os.Remove(filepath.Join(dir, instanceName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Running returns the instance that runs on dir, or an error that is
// ErrNotRunning.
func Running(dir string) (Instance, error) {
	var i Instance
	path := filepath.Join(dir, instanceName)
	b, err := os.ReadFile(path) //nolint:gosec // of the directory that the user names
	if errors.Is(err, fs.ErrNotExist) {
		return i, fmt.Errorf("%w on %s: start one with `cordon up --dev`, or say where Kafka is with --kafka-brokers", ErrNotRunning, dir)
	}
	if err != nil {
		return i, err
	}
	if err := json.Unmarshal(b, &i); err != nil {
		return i, fmt.Errorf("%s: %w; delete the file", path, err)
	}
	if !alive(i.PID) {
		return i, fmt.Errorf("%w on %s: process %d has ended; start it again with `cordon up --dev`", ErrNotRunning, dir, i.PID)
	}
	return i, nil
}

// alive reports whether pid is a process; signal 0 only asks.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// writeFile writes a file for this user alone, whole or not at all.
func writeFile(path string, b []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
