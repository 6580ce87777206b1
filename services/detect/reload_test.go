package detect

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/wkafka"
)

// childEnv makes the test binary a detect until it is killed: broker, prefix of
// topics and folder of policies separated by spaces.
const childEnv = "CORDON_DETECT_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		f := strings.Fields(spec)
		err := Run(context.Background(), Options{
			Kafka: wkafka.Config{Brokers: f[:1], ClientID: "child"}, Topics: cordon.Topics{Prefix: f[1]}, Policies: f[2],
			Author: "child", Watch: 20 * time.Millisecond, Session: kafkatest.MinSession, Now: time.Now,
		})
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child starts a detect in a process of its own; what it returns kills that.
func (b *bench) child(dir string) (kill func()) {
	b.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{b.kafka.Brokers[0], b.topics.Prefix, dir}, " "))
	cmd.Stderr = b.t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	b.t.Cleanup(kill)
	return kill
}

// write brings files into the folder dir, each at once.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == text {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

func digestOfVersion(name string) string {
	return cordon.NewRuleset(versionFiles(name), "", time.Time{}, nil).Digest
}

// changes are those of partition that count.
func (b *bench) changes(partition int) []cordon.Change {
	b.t.Helper()
	end, err := wkafka.EndOffset(b.t.Context(), b.kafka, b.topics.Changes(), partition)
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := readChanges(b.t.Context(), b.kafka, cordon.Position{Topic: b.topics.Changes(), Partition: partition, Offset: end}, partition)
	if err != nil {
		b.t.Fatal(err)
	}
	return f.changes
}

// holds reports whether both partitions have come to the version name.
func (b *bench) holds(name string) bool {
	for p := range 2 {
		if c := b.changes(p); len(c) == 0 || c[len(c)-1].Ruleset != digestOfVersion(name) {
			return false
		}
	}
	return true
}

// replayed are id and body of all that follows from the log, evaluated once
// more in peace, sorted.
func (b *bench) replayed() []string {
	b.t.Helper()
	ctx := b.t.Context()
	lib, err := newLibrary(ctx, Options{Kafka: b.kafka, Topics: b.topics, Log: slog.New(slog.DiscardHandler)}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for p := range 2 {
		changes := b.changes(p)
		first, err := lib.of(ctx, changes[0])
		if err != nil {
			b.t.Fatal(err)
		}
		s := newStep(&course{
			changes: changes, latest: func() *ruleset { return first },
			fetch: func(c cordon.Change) (*ruleset, error) { return lib.of(ctx, c) },
			free:  func() int64 { return 0 },
		}, engine.Options{}, "")
		if _, err := stream.Replay(ctx, b.kafka, b.topics.Events(), p, 0, -1, func(in cordon.Record) error {
			outs, err := s.Apply(ctx, in)
			for _, o := range outs {
				out = append(out, o.Record.Header(cordon.HeaderID)+" "+string(o.Record.Value))
			}
			return err
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

// spread is the n-th event, of one of a hundred devices.
func spread(n int) cordon.Event {
	ev := plainEvent(n)
	ev.Device = cordon.DeviceID(fmt.Sprintf("d%d", n%100))
	ev.Body = []byte(strings.Replace(string(ev.Body), fmt.Sprintf(`"uid":"d%d"`, n%3), fmt.Sprintf(`"uid":%q`, ev.Device), 1))
	ev.ID = cordon.NewEventID("/test", ev.Body)
	return ev
}

// Two processes follow a folder that changes while events flow, and are killed
// again and again. Every event is evaluated by the policies that the log says
// hold for it, each finding is there once, a replay gives the same bytes, and a
// window of a policy that did not change counts over all changes.
func TestReload(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	names := []string{"one", "two", "three", "four"}
	write(t, dir, versionFiles(names[0]))
	kills := []func(){b.child(dir), b.child(dir)}
	n := 0
	for i, name := range names {
		write(t, dir, versionFiles(name))
		b.wait("both partitions to go on with "+name, func() bool {
			b.append(spread(n), spread(n+1), spread(n+2), spread(n+3))
			n += 4
			return b.holds(name)
		})
		kills[i%2]()
		kills[i%2] = b.child(dir)
	}
	for ; n < 350; n++ {
		b.append(spread(n))
	}
	b.settled()
	b.compare(names)
}

// compare checks what TestReload promises.
func (b *bench) compare(names []string) {
	b.t.Helper()
	said := map[string]string{}
	for _, name := range names {
		said[digestOfVersion(name)] = name
	}
	var got []string
	thirds := 0
	for _, r := range b.all(b.topics.Findings()) {
		got = append(got, r.Header(cordon.HeaderID)+" "+string(r.Value))
		f, err := cordon.FindingOf(r)
		if err != nil {
			b.t.Fatal(err)
		}
		if f.Summary == "third" {
			thirds++
			continue
		}
		set := ""
		for _, c := range b.changes(f.CauseAt.Partition) {
			if c.Offset <= f.CauseAt.Offset {
				set = c.Ruleset
			}
		}
		if said[set] != f.Summary {
			b.t.Errorf("finding on the event at %s is of %q; there the log has %q", f.CauseAt, f.Summary, said[set])
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(b.replayed(), got); d != "" {
		b.t.Errorf("a replay and the log (-replay +log):\n%s", d)
	}
	if thirds != 100 {
		b.t.Errorf("%d devices had a third event; want all 100, each once, over all changes", thirds)
	}
}

// output is a log of the program that a test reads while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) has(parts ...string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, line := range strings.Split(o.b.String(), "\n") {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) }) {
			return true
		}
	}
	return false
}

// A change that does not compile, or whose tests fail, leaves the policies that
// run and says why; the next one that is in order is put in force.
func TestBrokenChange(t *testing.T) {
	b := newBench(t)
	dir, said, reg := t.TempDir(), &output{}, prometheus.NewRegistry()
	write(t, dir, versionFiles("one"))
	stop := b.start(Options{Files: os.DirFS(dir), Watch: 300 * time.Millisecond, Registry: reg, Log: slog.New(slog.NewTextHandler(said, nil)), Now: time.Now})
	defer stop()
	n := 0
	flow := func(name string) func() bool {
		return func() bool {
			b.append(plainEvent(n), plainEvent(n+1))
			n += 2
			return b.holds(name)
		}
	}
	b.wait("the first set", flow("one"))

	broken := versionFiles("two")
	broken["a/says/policy.rego"] += "findings contains \"x\" if no.such_function(1)\n"
	write(t, dir, broken)
	b.wait("the word about what does not compile", func() bool {
		return said.has("level=ERROR", "a/says/policy.rego", "line=11", "cause=", "next=")
	})
	failing := versionFiles("two")
	failing["a/says/policy_test.rego"] = "package policies.a.says_test\n\ntest_it if data.policies.a.says.findings[\"three\"] with input as {\"class_uid\": 4001}\n"
	write(t, dir, failing)
	b.wait("the word about what fails", func() bool { return said.has("level=ERROR", "policy_test.rego:3", "test_it", "next=") })
	if got := sum(t, reg, "cordon_detect_ruleset_changes_total", "broken"); got != 2 {
		t.Errorf("%v changes were broken; want 2", got)
	}
	flow("one")()
	if !b.holds("one") || gauge(t, reg, "cordon_detect_ruleset_broken") != 1 {
		t.Errorf("broken = %v, changes %v; want 1 and those of before", gauge(t, reg, "cordon_detect_ruleset_broken"), b.changes(0))
	}
	write(t, dir, versionFiles("three"))
	b.wait("the next set in order", flow("three"))
	if got := gauge(t, reg, "cordon_detect_ruleset_broken"); got != 0 {
		t.Errorf("broken = %v after a change in order; want 0", got)
	}
}

func gauge(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// Without its topics a process says what to do instead of waiting for ever.
func TestRunWithoutTopics(t *testing.T) {
	folder := fstest.MapFS{}
	put(folder, "one")
	err := Run(t.Context(), Options{Kafka: kafkatest.Start(t), Topics: cordon.Topics{Prefix: "nobody-made-these."}, Files: folder})
	if err == nil || !strings.Contains(err.Error(), "cordon topic create") {
		t.Errorf("Run without topics = %v; want an error that says how to make them", err)
	}
}

// A process without a folder runs what the log has.
func TestRunFromTheLog(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	if err := Run(t.Context(), Options{Kafka: b.kafka, Topics: b.topics}); err == nil || !strings.Contains(err.Error(), "policy.rego") {
		t.Errorf("Run without a folder and policies in the log = %v; want an error that says what to name", err)
	}
	write(t, dir, versionFiles("one"))
	stop := b.start(Options{Files: os.DirFS(dir)})
	b.append(plainEvent(0))
	b.wait("a finding", func() bool { return len(b.all(b.topics.Findings())) == 1 })
	stop()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Options{Kafka: b.kafka, Topics: b.topics}) }()
	b.append(plainEvent(1))
	b.wait("another finding", func() bool { return len(b.all(b.topics.Findings())) == 2 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v; want nil after its context has ended", err)
	}
}

// Who may put what in force: nothing comes back by a process that is behind.
func TestWhoPublishes(t *testing.T) {
	b := newBench(t)
	w := map[string]*watcher{}
	folders := map[string]fstest.MapFS{}
	open := func(who, name string, force bool) {
		folders[who] = fstest.MapFS{}
		put(folders[who], name)
		lib, err := newLibrary(t.Context(), Options{Kafka: b.kafka, Topics: b.topics, Log: slog.New(slog.DiscardHandler)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w[who] = &watcher{fsys: folders[who], library: lib, author: who, force: force, log: slog.New(slog.DiscardHandler)}
		if err := w[who].start(t.Context()); err != nil {
			t.Fatal(err)
		}
		w[who].force = false
	}
	for i, step := range []struct{ who, holds, want, why string }{
		{"a", "one", "one by a", "the first"},
		{"b", "one", "one by a", "the same from another process"},
		{"a", "two", "two by a", "a change"},
		{"b", "two", "two by a", "the same change in the other process"},
		{"a", "one", "one by a", "a change back"},
		{"c", "two", "one by a", "a process that starts with what was replaced"},
		{"forced", "two", "two by forced", "the same on purpose"},
		{"a", "three", "three by a", "something new from a process that is behind"},
		{"b", "one", "three by a", "what was replaced, late"},
		{"b", "three", "three by a", "and then it is up to date"},
		{"b", "one", "one by b", "so that it may go back"},
	} {
		if w[step.who] == nil {
			open(step.who, step.holds, step.who == "forced")
		} else {
			put(folders[step.who], step.holds)
			for range 2 { // it has to rest for a tick
				if err := w[step.who].look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		newest, _, err := w[step.who].library.newest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Split(newest.Files["a/says/policy.rego"], `"`)[1]
		if got := name + " by " + newest.Author; got != step.want {
			t.Errorf("step %d, %s: in force is %s; want %s", i, step.why, got, step.want)
		}
	}
}

// A process that cannot compile what the log has, and whose folder was replaced
// by that, says so and does not start.
func TestStartBehindWhatItCannotCompile(t *testing.T) {
	b := newBench(t)
	old := cordon.NewRuleset(versionFiles("one"), "ana", time.Time{}, nil)
	rec, err := cordon.NewRuleset(map[string]string{"a/b/policy.rego": "not Rego"}, "bo", time.Time{}, &old).Record()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.log.Append(t.Context(), b.topics.Rulesets(), rec); err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{}
	put(folder, "one")
	o := Options{Kafka: b.kafka, Topics: b.topics, Files: folder}
	if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--policies-force") || !strings.Contains(err.Error(), "a/b/policy.rego") {
		t.Errorf("Run = %v; want an error that says what does not compile and what to do", err)
	}
	o.Force = true
	stop := b.start(o)
	defer stop()
	b.append(plainEvent(0))
	b.wait("a finding", func() bool { return len(b.all(b.topics.Findings())) == 1 })
}

// Of several processes that start at once one publishes; the others find that
// when they are about to, and run the same.
func TestStartAtOnce(t *testing.T) {
	b := newBench(t)
	var all []*watcher
	for range 3 {
		lib, err := newLibrary(t.Context(), Options{Kafka: b.kafka, Topics: b.topics, Log: slog.New(slog.DiscardHandler)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		folder := fstest.MapFS{}
		put(folder, "one")
		all = append(all, &watcher{fsys: folder, library: lib, log: slog.New(slog.DiscardHandler)})
		if err := lib.catchUp(t.Context()); err == nil {
			t.Fatal("catchUp with nothing in the log = nil; want an error")
		}
	}
	for i, w := range all {
		if err := w.first(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.library.latest.Load(); got == nil || got.at.Offset != 0 || got.digest != digestOfVersion("one") {
			t.Errorf("process %d runs %+v; want the one set in the log", i, got)
		}
	}
	if n := len(b.all(b.topics.Rulesets())); n != 1 {
		t.Errorf("%d sets in the log; want 1", n)
	}
}

// put makes folder hold the version name, as a change of a moment later.
func put(folder fstest.MapFS, name string) {
	at := time.Unix(1, 0)
	for _, f := range folder {
		at = f.ModTime.Add(time.Second)
	}
	for file, text := range versionFiles(name) {
		folder[file] = &fstest.MapFile{Data: []byte(text), ModTime: at}
	}
}

// A folder that is still being written is not looked at.
func TestLookWaitsUntilTheFolderRests(t *testing.T) {
	folder := fstest.MapFS{}
	put(folder, "one")
	w := &watcher{fsys: folder, log: slog.New(slog.DiscardHandler)}
	for range 3 {
		put(folder, "two")
		folder["a/says/policy.rego"].Data = []byte("half a pol")
		if err := w.look(t.Context()); err != nil || w.done != "" {
			t.Fatalf("look at a folder that was just written to = %v, looked at: %t; want it left alone", err, w.done != "")
		}
	}
	if err := w.look(t.Context()); err != nil || w.done == "" {
		t.Errorf("look at a folder that rests = %v, looked at: %t; want it looked at", err, w.done != "")
	}
}

func TestReadFolder(t *testing.T) {
	folder := fstest.MapFS{}
	for _, name := range []string{
		"a/b/policy.rego", "a/b/policy_test.rego", "a/b/hit/x.ndjson", "lib/x.rego", "site/y.yaml", "site/z.json",
		"README.md", "a/b/notes.yaml", "response/r.rego", ".git/x.rego",
	} {
		folder[name] = &fstest.MapFile{Data: []byte(name)}
	}
	files, err := readFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a/b/policy.rego", "lib/x.rego", "site/y.yaml", "site/z.json"}, slices.Sorted(maps.Keys(files.rules))); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"a/b/policy_test.rego"}, slices.Sorted(maps.Keys(files.tests))); d != "" {
		t.Errorf("tests (-want +got):\n%s", d)
	}
	folder["site/y.yaml"].Data = make([]byte, mostBytes+1)
	if _, err := readFolder(folder); err == nil || !strings.Contains(err.Error(), "site/") {
		t.Errorf("readFolder of more than fits = %v; want an error that says what to do", err)
	}
}
