package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A process is one program of cordon that a test starts, kills and starts
// again with the same settings.
type process struct {
	t    testing.TB
	name string
	args []string
	env  []string

	cmd  *exec.Cmd
	logs *logBuffer
}

// start starts the program name; the test's end ends it.
func start(t testing.TB, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, env: env, logs: &logBuffer{}}
	p.run()
	t.Cleanup(func() {
		p.stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, p.logs.tail(6000))
		}
	})
	return p
}

func (p *process) run() {
	p.t.Helper()
	p.runProgram(bin(p.t, p.name))
}

func (p *process) runProgram(path string) {
	p.t.Helper()
	p.cmd = exec.Command(path, p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.logs, p.logs
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as a crash would, and waits for its end.
func (p *process) kill() { p.stop(syscall.SIGKILL) }

// crash kills the process and starts it again.
func (p *process) crash() {
	p.t.Helper()
	p.kill()
	p.run()
}

// stop sends sig to the process and waits until it has ended. It returns the
// exit error.
func (p *process) stop(sig syscall.Signal) error {
	if p.cmd == nil || p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signal %s: %v", p.name, err)
	}
	return p.cmd.Wait()
}

// logBuffer keeps what a process printed.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) tail(n int) string {
	s := l.String()
	return s[max(0, len(s)-n):]
}

func (l *logBuffer) contains(s string) bool { return strings.Contains(l.String(), s) }

// eventually waits until ok returns true; after limit it fails the test with
// what describes.
func eventually(t testing.TB, limit time.Duration, describe func() string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s: %s", limit, describe())
		}
	}
}
