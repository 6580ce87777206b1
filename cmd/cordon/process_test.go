package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// program builds the command.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cordon")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// engine returns the path of the embedded engine's library.
func engine(t *testing.T) string {
	t.Helper()
	t.Chdir(testdata.Root())
	path, err := chdb.Locate()
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatal(err)
	case err != nil:
		t.Skipf("SKIPPED, `cordon up` is not tested: %v", err)
	}
	return path
}

// command is a cordon as a user runs it, on a data directory of the test.
type command struct {
	t   *testing.T
	bin string
	env []string
}

func (c command) start(args ...string) (*exec.Cmd, io.Reader) {
	c.t.Helper()
	cmd := exec.Command(c.bin, args...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, out
}

// run returns what the command prints and its exit code.
func (c command) run(args ...string) (out string, code int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.bin, args...)
	cmd.Env = append(os.Environ(), c.env...)
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatalf("cordon %v: %v", args, err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// up starts `cordon up --dev` and returns when it is ready, with what it said.
func (c command) up() (*exec.Cmd, string) {
	c.t.Helper()
	cmd, out := c.start("up", "--dev", "--max-lease", "2s")
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "ready in") {
			go io.Copy(io.Discard, out)
			return cmd, said.String()
		}
	}
	c.t.Fatalf("cordon up ended: %v\n%s", cmd.Wait(), said.String())
	return nil, ""
}

// stop is ctrl-C.
func (c command) stop(cmd *exec.Cmd) {
	c.t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		c.t.Errorf("cordon up after ctrl-C = %v; want exit code 0", err)
	}
}

func (c command) want(pattern string, args ...string) string {
	c.t.Helper()
	out, code := c.run(args...)
	if code != 0 || !regexp.MustCompile(pattern).MatchString(out) {
		c.t.Errorf("cordon %v = exit code %d\n%s\nwant 0 and %s", args, code, out, pattern)
	}
	return out
}

// eventually is want for what takes a moment.
func (c command) eventually(pattern string, args ...string) {
	c.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if out, code := c.run(args...); code == 0 && regexp.MustCompile(pattern).MatchString(out) {
			return
		}
		<-tick.C
	}
	c.want(pattern, args...)
}

// TestUpDemoAgain is the way of a person who tries cordon: up, demo, a look at
// what happened, ctrl-C, and up again.
func TestUpDemoAgain(t *testing.T) {
	library := engine(t)
	dir := filepath.Join(t.TempDir(), "data")
	t.Chdir(filepath.Join(testdata.Root(), "cmd", "cordon"))
	c := command{t, program(t), []string{
		"CORDON_DATA=" + dir, "CORDON_CHDB_LIB=" + library, "CORDON_LISTEN=127.0.0.1:0",
		"CORDON_BROKER_LISTEN=127.0.0.1:0", "CORDON_STORE_LISTEN=127.0.0.1:0",
	}}
	up, said := c.up()
	for _, part := range []string{"broker", "store", "webhook", "rules", "services", "health", "SQL", "reader"} {
		if !strings.Contains(said, "✓ "+part) {
			t.Errorf("cordon up says nothing of %s:\n%s", part, said)
		}
	}
	ready(t, dir)
	if out, code := c.run("up", "--dev"); code == 0 || !strings.Contains(out, "is in use by process") {
		t.Errorf("second cordon up on the same data = %d\n%s\nwant an error that says who has it", code, out)
	}
	out := c.want(`contained  [1-9]\d* contained, [1-9]\d* free again, 0 failed`, "demo", "--once", "--rate", "0", "--devices", "200")
	for _, policy := range []string{"CRD-0001", "CRD-0004", "CRD-0006", "CRD-0011", "CRD-0020", "CRD-0021", "CRD-0030", "CRD-0032", "CRD-0040"} {
		if !strings.Contains(out, policy) {
			t.Errorf("the demo shows no finding of %s:\n%s", policy, out)
		}
	}
	const released = "SELECT count() FROM v1_quarantines WHERE state = 'released'"
	free := regexp.MustCompile(`(\d+) free again`).FindStringSubmatch(out)[1]
	c.eventually("^"+free+"\n$", "query", "-o", "tsv", released) // history writes once a second
	c.want(`"topic":"findings"`, "tap", "findings", "--from", "start", "-n", "1")
	c.account(dir)
	c.stop(up)
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		t.Errorf("Running after ctrl-C = %v; want ErrNotRunning", err)
	}

	up, said = c.up()
	if !strings.Contains(said, "schema is up to date") {
		t.Errorf("the second start made the schema again:\n%s", said)
	}
	c.want("^"+free+"\n$", "query", "-o", "tsv", released)
	c.killStore(dir)
	c.eventually("^"+free+"\n$", "query", "-o", "tsv", released) // it was started again
	c.interruptDemo()
	c.crash(up, dir)

	up, _ = c.up()
	c.want(`^[1-9]\d*\n$`, "query", "-o", "tsv", released)
	c.stop(up)
}

// account feeds records of which each comes to another end.
func (c command) account(dir string) {
	c.t.Helper()
	path := filepath.Join(dir, "conn.json")
	text := `{"_path":"conn","_sensor":"gate","ts":1772355600.5,"uid":"C1","id.orig_h":"10.20.0.11","id.orig_p":4000,"id.resp_h":"10.0.0.20","id.resp_p":443,"proto":"tcp","conn_state":"SF"}` +
		"\n" + `{"_path":"conn","ts":` + "\n\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	out := c.want(`2 records = 1 events \+ 1 rejected \+ 0 that say nothing about a device`, "feed", path, "--format", "zeek", "--wait")
	if !strings.Contains(out, "  1 rows in ClickHouse of 1 events") {
		c.t.Errorf("feed --wait says nothing of the rows:\n%s", out)
	}
}

// killStore kills the store alone; its process id is in its lock.
func (c command) killStore(dir string) {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "store", "lock"))
	if err != nil {
		c.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
}

// interruptDemo ends a demo with ctrl-C, and one by its limit.
func (c command) interruptDemo() {
	c.t.Helper()
	if out, code := c.run("demo", "--once", "--devices", "20", "--rate", "100", "--limit", "1s"); code != 1 || !strings.Contains(out, "error: not done within 1s") {
		c.t.Errorf("demo with a short limit = %d\n%s\nwant 1 and the reason", code, out)
	}
	demo, out := c.start("demo", "--devices", "20", "--rate", "0")
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "ctrl-C ends the demo") {
			if err := demo.Process.Signal(syscall.SIGINT); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	if err := demo.Wait(); err != nil {
		c.t.Errorf("demo after ctrl-C = %v; want exit code 0", err)
	}
}

// crash kills up with all it cannot clean up. The store must not outlive it.
func (c command) crash(up *exec.Cmd, dir string) {
	c.t.Helper()
	i, err := datadir.Running(dir)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := up.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = up.Wait() // killed
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		c.t.Errorf("Running after kill -9 = %v; want ErrNotRunning", err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		res, err := http.Get(i.Store + "/ping")
		if err != nil {
			return
		}
		res.Body.Close()
		<-tick.C
	}
	c.t.Error("the store outlived the process that started it")
}

// ready checks that /readyz names every part and all are ready.
func ready(t *testing.T, dir string) {
	t.Helper()
	i, err := datadir.Running(dir)
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		res, err := http.Get(i.Health + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		var h struct {
			Ready bool
			Parts map[string]struct{ Cause string }
		}
		err = json.NewDecoder(res.Body).Decode(&h)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"broker", "store", "ingest", "detect", "respond", "history"} {
			if _, ok := h.Parts[part]; !ok {
				t.Fatalf("/readyz = %+v; want the part %s", h, part)
			}
		}
		if h.Ready {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz = %+v; want ready", h)
		}
	}
}
