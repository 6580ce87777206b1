package up

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
)

// storeProcess is `cordon store` as a child: a fault of the engine must not
// take the services down. It ends when its standard input closes, so it cannot
// outlive this process, and is started again when it ends by itself.
type storeProcess struct {
	program string // this one
	dir     string
	address string // after the first start the one it got
	log     *slog.Logger
	failed  func(error) // hears that it ended by itself

	mu      sync.Mutex // guards what follows
	child   *exec.Cmd
	input   io.Closer
	stopped bool

	ended chan struct{} // closed when the loop that restarts it is over
}

const (
	restartAfter = time.Second
	storeStop    = 15 * time.Second // running statements get ten
)

func newStoreProcess(dir, address string, log *slog.Logger, failed func(error)) (*storeProcess, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &storeProcess{
		program: program, dir: dir, address: address, log: log, failed: failed, ended: make(chan struct{}),
	}, nil
}

// start starts the store and returns when it answers, or why it does not. From
// then on it is kept running until stop. A store whose parent was killed may
// still be ending; nobody else has business in the directory.
func (s *storeProcess) start() error {
	datadir.WaitFree(s.dir, storeStop) // or the store says who holds it
	if err := s.launch(); err != nil {
		close(s.ended)
		return err
	}
	go s.keep()
	return nil
}

// launch starts one child and waits for it to announce its address.
func (s *storeProcess) launch() error {
	c := exec.Command(s.program, "store", "--data", s.dir, "--listen", s.address, "--parent") //nolint:gosec,noctx // this program; it is stopped in order, not with a context
	// Not in the terminal's group: ctrl-C is for us, and the services still
	// write while they stop.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	errs := &lastLines{log: s.log}
	c.Stderr = errs
	in, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := s.run(c, in); err != nil {
		return err
	}
	var ready struct{ Listen string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return errs.explain(c.Wait())
	}
	s.address = ready.Listen
	return nil
}

func (s *storeProcess) run(c *exec.Cmd, in io.Closer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errors.New("store: stopped")
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.child, s.input = c, in
	return nil
}

// keep waits for the child and starts it again, at the same address.
func (s *storeProcess) keep() {
	defer close(s.ended)
	for {
		err := s.child.Wait()
		if s.isStopped() {
			return
		}
		s.log.Error("store ended, starting it again", "error", err)
		s.failed(fmt.Errorf("store: ended: %w", err))
		for !s.isStopped() {
			time.Sleep(restartAfter)
			if err = s.launch(); err == nil {
				break
			}
			s.log.Error("store does not start", "error", err)
		}
		if s.isStopped() {
			s.end()
			return
		}
	}
}

func (s *storeProcess) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// stop ends the store and waits for it.
func (s *storeProcess) stop() error {
	s.mu.Lock()
	s.stopped = true
	if s.input != nil {
		s.input.Close()
	}
	s.mu.Unlock()
	late := time.NewTimer(storeStop)
	defer late.Stop()
	select {
	case <-s.ended:
		return nil
	case <-late.C:
		s.end()
		<-s.ended
		return fmt.Errorf("store: did not end within %s and was killed", storeStop)
	}
}

// end kills the child, by its process id.
func (s *storeProcess) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil {
		_ = s.child.Process.Kill() // it may have ended already
	}
}

// lastLines passes on what a child writes to its log and keeps the last line,
// which says why it ended.
type lastLines struct {
	log  *slog.Logger
	rest []byte
	last string
}

// Write implements io.Writer; exec calls it from one goroutine.
func (l *lastLines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		advance, line, _ := bufio.ScanLines(l.rest, false)
		if advance == 0 {
			return len(p), nil
		}
		l.last = string(line)
		l.log.Log(context.Background(), slog.LevelDebug, l.last)
		l.rest = l.rest[advance:]
	}
}

func (l *lastLines) explain(err error) error {
	if l.last != "" {
		return fmt.Errorf("store: %s", strings.TrimPrefix(strings.TrimPrefix(l.last, "error: "), "store: "))
	}
	return fmt.Errorf("store: %w", err)
}

// storeDir is where the store keeps its data below dir.
func storeDir(dir string) string { return filepath.Join(dir, "store") }
