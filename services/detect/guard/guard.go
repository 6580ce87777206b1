package guard

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Verb is the argument with which a program that uses this package starts
// itself: its main calls Child then.
const Verb = "compile-policies"

// Limits bound what compiling one policy may take. Zero values are the
// defaults.
type Limits struct {
	CPU    time.Duration // of the processor, whole seconds; 5 s
	Wall   time.Duration // on the clock, which passes on a busy machine too; 30 s
	Memory int64         // bytes beyond what the program takes by itself; 512 MiB
}

func (l Limits) withDefaults() Limits {
	return Limits{
		CPU:    cmp.Or(l.CPU, 5*time.Second),
		Wall:   cmp.Or(l.Wall, 30*time.Second),
		Memory: cmp.Or(l.Memory, 512<<20),
	}
}

// mostRefused is how many policies may exceed the limits. Then all that have
// not been compiled are refused: somebody means it.
const mostRefused = 5

// Guard starts the processes. One goroutine uses it.
type Guard struct {
	Command []string // that runs Child
	Limits  Limits

	passed map[[sha256.Size]byte]bool // what was compiled within the limits lately
}

// Self is a Guard of the program that runs, whose main knows Verb.
func Self() (*Guard, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("guard: which program this is: %w", err)
	}
	return &Guard{Command: []string{exe, Verb}}, nil
}

// Refused returns what is wrong with the policies in files, by name, that cost
// more than the limits to compile, shared modules among them. What is wrong
// with policies otherwise is for engine.Load to say. A nil Guard refuses
// nothing.
func (g *Guard) Refused(ctx context.Context, files map[string]string) (engine.Problems, error) {
	if g == nil {
		return nil, nil
	}
	left := maps.Clone(files)
	sums := sumsOf(files)
	done := map[string]bool{}
	for name, sum := range sums {
		done[name] = g.passed[sum]
	}
	defer func() {
		g.passed = map[[sha256.Size]byte]bool{}
		for name, sum := range sums {
			g.passed[sum] = done[name]
		}
	}()
	var bad engine.Problems
	for {
		last, why, err := g.round(ctx, left, done)
		if err != nil || why == "" {
			return bad, err
		}
		delete(left, last)
		bad = append(bad, engine.Problem{File: last, Cause: why, Next: "nest less and write less in one rule; the engine did not wait for it"})
		if len(bad) == mostRefused {
			return append(bad, rest(left, done)...), nil
		}
	}
}

// sumsOf names what each policy is compiled from: its text and the shared
// modules.
func sumsOf(files map[string]string) map[string][sha256.Size]byte {
	shared := sha256.New()
	names := compiled(files)
	for _, name := range names {
		if isLib(name) {
			_, _ = fmt.Fprintf(shared, "%s\x00%d\x00%s", name, len(files[name]), files[name])
		}
	}
	sums := map[string][sha256.Size]byte{}
	for _, name := range names {
		sums[name] = sha256.Sum256(fmt.Appendf(nil, "%x\x00%s\x00%s", shared.Sum(nil), name, files[name]))
	}
	return sums
}

// rest are problems of all in left that is not done.
func rest(left map[string]string, done map[string]bool) (bad engine.Problems) {
	for _, name := range compiled(left) {
		if !done[name] {
			bad = append(bad, engine.Problem{File: name, Cause: fmt.Sprintf("not compiled: %d others cost too much", mostRefused), Next: "correct the others first"})
		}
	}
	return bad
}

// compiled are the names in files that are compiled, shared modules first.
func compiled(files map[string]string) []string {
	var libs, policies []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch {
		case isLib(name):
			libs = append(libs, name)
		case path.Base(name) == "policy.rego":
			policies = append(policies, name)
		}
	}
	return append(libs, policies...)
}

func isLib(name string) bool { return strings.HasPrefix(name, "lib/") }

// job is what a child is given.
type job struct {
	Files  map[string]string
	Todo   []string // names in Files, in this order
	CPU    time.Duration
	Memory int64
}

// round has a process compile what is left and not done. If it does not come
// to the end, why says what was too much, and last for which file.
func (g *Guard) round(ctx context.Context, left map[string]string, done map[string]bool) (last, why string, err error) {
	limits := g.Limits.withDefaults()
	j := job{Files: left, CPU: limits.CPU, Memory: limits.Memory}
	j.Todo = slices.DeleteFunc(compiled(left), func(name string) bool { return done[name] })
	if len(j.Todo) == 0 {
		return "", "", nil
	}
	in, err := json.Marshal(j)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wall := time.AfterFunc(limits.Wall, func() { cancel(errWall) })
	defer wall.Stop()
	p := &progress{step: func(name string) {
		if last != "" {
			done[last] = true
		}
		last = name
		wall.Reset(limits.Wall)
	}}
	var said bytes.Buffer
	c := exec.CommandContext(ctx, g.Command[0], g.Command[1:]...) //nolint:gosec // this program, see Self
	c.Stdin, c.Stdout, c.Stderr, c.Env = bytes.NewReader(in), p, &said, []string{"GOTRACEBACK=none"}
	c.WaitDelay = time.Second // nothing else holds its output
	failed := c.Run()
	if failed == nil && last == endOfWork {
		return "", "", nil
	}
	why, err = g.reason(context.Cause(ctx), failed, said.String(), limits)
	if err == nil && (last == "" || last == endOfWork) {
		err = fmt.Errorf("guard: the process that compiles policies ended before it began: %w: %s", failed, said.String())
	}
	return last, why, err
}

var errWall = errors.New("too long")

// reason says which limit a process exceeded, or that it was none.
func (g *Guard) reason(cause, failed error, said string, l Limits) (string, error) {
	var exit *exec.ExitError
	switch {
	case errors.Is(cause, errWall):
		return fmt.Sprintf("compiling it takes more than %s", l.Wall), nil
	case cause != nil:
		return "", cause
	case !errors.As(failed, &exit):
		return "", fmt.Errorf("guard: %s: %w", strings.Join(g.Command, " "), failed)
	case exit.ExitCode() == exitCPU:
		return fmt.Sprintf("compiling it takes more than %s of the processor", l.CPU), nil
	case slices.ContainsFunc(outOfMemory(), func(s string) bool { return strings.Contains(said, s) }):
		return fmt.Sprintf("compiling it takes more than %d MiB of memory", l.Memory>>20), nil
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	return fmt.Sprintf("compiling it ended the process: %s %s", exit, first), nil
}

// outOfMemory is how a program says that it got none.
func outOfMemory() []string {
	return []string{"out of memory", "annot allocate memory", "pthread_create failed", "failed to create new OS thread", "address space collisions"}
}

// progress reads the names that a child says it is working on, one a line.
type progress struct {
	step func(name string)
	part []byte
}

// Write implements io.Writer.
func (p *progress) Write(b []byte) (int, error) {
	p.part = append(p.part, b...)
	for {
		line, rest, ok := bytes.Cut(p.part, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		p.part = rest
		p.step(string(line))
	}
}
