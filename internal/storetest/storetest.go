// Package storetest starts the embedded ClickHouse for a test, as a process of
// its own on a fresh directory and a free port.
//
// It hands out DSNs and knows no driver, so that the root module needs none.
package storetest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// EnvDSN names the environment variable with the DSN of a server to test
// against instead; its user then stands for all three roles.
const EnvDSN = "CORDON_CLICKHOUSE_DSN"

// noLibrary is what the store says when the engine is not installed.
const noLibrary = "the ClickHouse engine library is missing"

// DSNs are the addresses of one server for clickhouse-go, by role, for the
// database "default".
type DSNs struct {
	Admin  string // schema
	Writer string // inserts only
	Reader string // reads only
}

// Database returns the DSNs for another database, which must exist before a
// driver connects with them.
func (d DSNs) Database(name string) DSNs {
	return DSNs{database(d.Admin, name), database(d.Writer, name), database(d.Reader, name)}
}

func database(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Path = "/" + name
	return u.String()
}

// Start returns a server that lives as long as the test. Where the engine's
// library is missing it fails in CI and skips elsewhere.
func Start(t testing.TB) DSNs {
	t.Helper()
	if dsn := os.Getenv(EnvDSN); dsn != "" {
		return DSNs{dsn, dsn, dsn}
	}
	return Open(t, t.TempDir()).DSNs
}

// Server is a running store.
type Server struct {
	DSNs
	Addr string
	cmd  *exec.Cmd
	end  io.Closer
	once sync.Once
}

// Open starts a server on a data directory, which another server may have
// used before.
func Open(t testing.TB, dataDir string) *Server {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	return OpenBinary(t, binary, dataDir)
}

// OpenBinary is Open with a given program in place of `cordon store`, which
// gets its flags, and with more environment for it.
func OpenBinary(t testing.TB, binary, dataDir string, env ...string) *Server {
	t.Helper()
	s, err := start(binary, dataDir, env)
	var missing *missingError
	if errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, ClickHouse is not tested: %v", err)
	}
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Kill ends the server at once, as a crash would. It may be called again.
func (s *Server) Kill() {
	s.once.Do(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		_ = s.end.Close()
	})
}

type missingError struct{ text string }

func (e *missingError) Error() string { return e.text }

func start(binary, dataDir string, env []string) (*Server, error) {
	cmd := exec.CommandContext(context.Background(), binary, "--data", dataDir, "--listen", "127.0.0.1:0", "--parent") //nolint:gosec // the caller names the program
	cmd.Env = append(os.Environ(), env...)
	var stderr tail
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe() // kept open: the server stops with this process
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		waitErr := cmd.Wait()
		return nil, failure(waitErr, stderr.String())
	}
	s := &Server{cmd: cmd, end: in}
	if err := s.read(line, dataDir); err != nil {
		s.Kill()
		return nil, err
	}
	return s, nil
}

func failure(err error, stderr string) error {
	text := fmt.Sprintf("cordon store did not start: %v: %s", err, stderr)
	if strings.Contains(stderr, noLibrary) {
		return &missingError{text}
	}
	return errors.New(text)
}

// read takes the address from the ready line and the passwords from the data
// directory.
func (s *Server) read(line []byte, dataDir string) error {
	var ready struct{ Listen string }
	if err := json.Unmarshal(line, &ready); err != nil {
		return fmt.Errorf("ready line %q: %w", line, err)
	}
	text, err := os.ReadFile(filepath.Join(dataDir, "users.json")) //nolint:gosec // of the test
	if err != nil {
		return err
	}
	var passwords map[string]string
	if err := json.Unmarshal(text, &passwords); err != nil {
		return fmt.Errorf("users.json: %w", err)
	}
	dsn := func(user string) string {
		u := url.URL{Scheme: "http", User: url.UserPassword(user, passwords[user]), Host: ready.Listen, Path: "/default"}
		return u.String()
	}
	s.Addr, s.DSNs = ready.Listen, DSNs{dsn("admin"), dsn("writer"), dsn("reader")}
	return nil
}

// Signal sends a signal to the server and waits for it to end; the error is
// that of its exit.
func (s *Server) Signal(sig syscall.Signal) error {
	var err error
	s.once.Do(func() {
		if err = s.cmd.Process.Signal(sig); err == nil {
			err = s.cmd.Wait()
		}
		_ = s.end.Close()
	})
	return err
}
