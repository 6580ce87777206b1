package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// process is a program that is killed, stopped and started again with the same
// settings. Everything that it prints goes to one file.
type process struct {
	name, path string
	args, env  []string
	log        *os.File

	died func(p *process, err error) // called when it ends by itself

	mu       sync.Mutex // guards what follows
	cmd      *exec.Cmd
	exited   chan struct{} // of cmd
	expected bool          // its end
	begun    time.Time     // of cmd
}

func newProcess(dir, name, path string, env, args []string, died func(*process, error)) (*process, error) {
	f, err := os.Create(filepath.Join(dir, name+".log")) //nolint:gosec // below the folder of the run
	if err != nil {
		return nil, err
	}
	return &process{name: name, path: path, args: args, env: env, log: f, died: died}, nil
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exited != nil {
		return nil // it runs
	}
	cmd := exec.Command(p.path, p.args...) //nolint:gosec,noctx // it is ended by kill
	cmd.Dir = testdata.Root()              // where the store finds its engine
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.note("started")
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited, p.expected, p.begun = cmd, exited, false, time.Now()
	go p.wait(cmd, exited)
	return nil
}

func (p *process) wait(cmd *exec.Cmd, exited chan struct{}) {
	err := cmd.Wait()
	p.mu.Lock()
	expected := p.expected
	p.exited = nil
	p.note(fmt.Sprintf("ended: %v", err))
	p.mu.Unlock()
	close(exited)
	if !expected && p.died != nil {
		p.died(p, err)
	}
}

// note puts a line of the harness into the log of the process.
func (p *process) note(what string) {
	fmt.Fprintf(p.log, "==== %s chaos: %s %s\n", time.Now().Format("15:04:05.000"), p.name, what)
}

// end sends sig, which is to end the process, and waits until it has.
func (p *process) end(sig syscall.Signal, patience time.Duration) error {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.expected = true
	if exited == nil {
		p.mu.Unlock()
		return nil
	}
	p.note(sig.String())
	err := cmd.Process.Signal(sig)
	p.mu.Unlock()
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s %s: %w", sig, p.name, err)
	}
	select {
	case <-exited:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s did not end within %s of %s", p.name, patience, sig)
	}
}

const killPatience = 20 * time.Second

func (p *process) kill() error { return p.end(syscall.SIGKILL, killPatience) }

// quit ends the process as a deployment does.
func (p *process) quit() error { return p.end(syscall.SIGTERM, killPatience) }

// signal sends sig to the process if it runs.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exited == nil {
		return
	}
	p.note(sig.String())
	_ = p.cmd.Process.Signal(sig) // one that has just ended needs no signal
}

// pause stops the process for d.
func (p *process) pause(d time.Duration) {
	p.signal(syscall.SIGSTOP)
	time.Sleep(d)
	p.signal(syscall.SIGCONT)
}
