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
	c.stop(up)
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		t.Errorf("Running after ctrl-C = %v; want ErrNotRunning", err)
	}

	up, said = c.up()
	if !strings.Contains(said, "schema is up to date") {
		t.Errorf("the second start made the schema again:\n%s", said)
	}
	c.want("^"+free+"\n$", "query", "-o", "tsv", released)
	c.stop(up)
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
