package detect

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/check"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/wkafka"
)

// bench is a broker with the topics of a deployment.
type bench struct {
	t      *testing.T
	kafka  wkafka.Config
	topics cordon.Topics
	log    *stream.Appender
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, kafka: kafkatest.Start(t)}
	b.topics = kafkatest.Topics(t, b.kafka, 2)
	log, err := stream.NewAppender(b.kafka, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	b.log = log
	return b
}

// start runs the service and returns what stops it and waits for it.
func (b *bench) start(o Options) (stop func()) {
	b.t.Helper()
	o.Kafka, o.Topics = b.kafka, b.topics
	if o.Files == nil {
		_, o.Files = policyFolder()
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("Run = %v; want nil after its context has ended", err)
		}
	})
}

func (b *bench) append(events ...cordon.Event) {
	b.t.Helper()
	recs := make([]cordon.Record, len(events))
	for i, ev := range events {
		recs[i] = ev.Record()
	}
	if _, err := b.log.Append(b.t.Context(), b.topics.Events(), recs...); err != nil {
		b.t.Fatal(err)
	}
}

// all returns every record of topic, partition by partition.
func (b *bench) all(topic string) []cordon.Record {
	b.t.Helper()
	var out []cordon.Record
	for p := range 2 {
		if _, err := stream.Replay(b.t.Context(), b.kafka, topic, p, 0, -1, func(r cordon.Record) error {
			out = append(out, r)
			return nil
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

// wait polls until ok holds.
func (b *bench) wait(what string, ok func() bool) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(60 * time.Second); ; {
		if ok() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			b.t.Fatalf("waited 60 s for %s", what)
		}
	}
}

func ids(recs []cordon.Record) []string {
	var out []string
	for _, r := range recs {
		out = append(out, r.Header(cordon.HeaderID))
	}
	slices.Sort(out)
	return out
}

// attacks are the hits of every policy, each on a device of its own.
func attacks(t *testing.T) []cordon.Event {
	t.Helper()
	_, fsys := policyFolder()
	names, err := fs.Glob(fsys, "*/*/hit/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d fixtures, %v", len(names), err)
	}
	var out []cordon.Event
	for i, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		device := fmt.Sprintf("device-%d", i)
		for _, old := range []string{"cam-7", "plc-7"} {
			text = []byte(strings.ReplaceAll(string(text), `"`+old+`"`, `"`+device+`"`))
		}
		events, err := check.Events(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, ev := range events {
			ev.Class, ev.Source = "fixture", "/fixtures/"+path.Base(name)
			out = append(out, ev)
		}
	}
	return out
}

// expected are the ids of what an engine finds in the events of the log that
// never stops, partition by partition.
func (b *bench) expected() []string {
	b.t.Helper()
	pack := loadPolicies(b.t)
	engines := map[int]*engine.Engine{}
	var out []string
	for _, r := range b.all(b.topics.Events()) {
		e := engines[r.Position.Partition]
		if e == nil {
			e = engine.New(pack, engine.Options{})
			engines[r.Position.Partition] = e
		}
		ev, err := cordon.EventOf(r)
		if err != nil {
			b.t.Fatal(err)
		}
		found, err := e.Evaluate(b.t.Context(), ev)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, f := range found {
			out = append(out, string(f.ID))
		}
	}
	slices.Sort(out)
	return out
}

// However often the service stops, what it has found in the end is what one
// that never stopped would have found, and each once.
func TestRestarts(t *testing.T) {
	b := newBench(t)
	events := attacks(t)
	stop := func() {}
	for i, n := 0, 0; i < len(events); i += n {
		n = min(len(events)-i, 97)
		b.append(events[i : i+n]...)
		stop()
		before := len(b.all(b.topics.Findings()))
		stop = b.start(Options{})
		if i%2 == 0 {
			b.wait("another finding", func() bool { return len(b.all(b.topics.Findings())) > before })
		}
	}
	want := b.expected()
	b.wait(fmt.Sprintf("%d findings", len(want)), func() bool { return len(b.all(b.topics.Findings())) >= len(want) })
	stop()
	if d := cmp.Diff(want, ids(b.all(b.topics.Findings()))); d != "" {
		t.Errorf("ids of findings (-want +got):\n%s", d)
	}
	if len(want) < len(loadPolicies(t).Policies) {
		t.Errorf("%d findings; want one of every policy at least", len(want))
	}
	for _, r := range b.all(b.topics.Findings()) {
		f, err := cordon.FindingOf(r)
		if err != nil {
			t.Fatal(err)
		}
		if in, ok := r.Input(); !ok || in != f.CauseAt {
			t.Errorf("finding %s follows from %v; its event is at %v", f.ID, in, f.CauseAt)
		}
	}
}

func TestWhatIsNoEventIsRejected(t *testing.T) {
	b := newBench(t)
	good := attacks(t)[0]
	bad := good
	bad.Body = []byte(`{"class_uid":`)
	b.append(bad, good)
	naked := good.Record()
	naked.Headers = naked.Headers[:1]
	if _, err := b.log.Append(t.Context(), b.topics.Events(), naked); err != nil {
		t.Fatal(err)
	}
	stop := b.start(Options{})
	defer stop()
	b.wait("two rejected records", func() bool { return len(b.all(b.topics.Rejected())) == 2 })
	var reasons []string
	for _, r := range b.all(b.topics.Rejected()) {
		rejected, err := cordon.RejectedOf(r)
		if err != nil {
			t.Fatal(err)
		}
		reasons = append(reasons, rejected.Reason)
	}
	slices.Sort(reasons)
	if d := cmp.Diff([]string{reasonBody, reasonEnvelope}, reasons); d != "" {
		t.Errorf("reasons (-want +got):\n%s", d)
	}
}

// A service that stops in order leaves its state behind: the next one reads no
// event again and finds what one that never stopped would.
func TestRestartFromSnapshots(t *testing.T) {
	b := newBench(t)
	events := attacks(t)
	third := len(events) / 3
	for i, part := range [][]cordon.Event{events[:third], events[third : 2*third], events[2*third:]} {
		b.append(part...)
		reg := prometheus.NewRegistry()
		stop := b.start(Options{Registry: reg, Now: time.Now})
		b.settled()
		stop()
		if d := cmp.Diff(b.expected(), ids(b.all(b.topics.Findings()))); d != "" {
			t.Errorf("findings after part %d (-want +got):\n%s", i, d)
		}
		if got := sum(t, reg, "cordon_stream_snapshots_total", "restored"); i > 0 && got != 2 {
			t.Errorf("part %d: %v partitions were restored from snapshots; want both", i, got)
		}
	}
	last := prometheus.NewRegistry()
	stop := b.start(Options{Registry: last, Now: time.Now})
	b.wait("the state of both partitions", func() bool { return sum(t, last, "cordon_stream_snapshots_total", "restored") == 2 })
	if got := sum(t, last, "cordon_detect_evaluations_total", ""); got != 0 {
		t.Errorf("%v evaluations after a restart without new events; want none", got)
	}
	stop()
}

// sum adds up the counters of name that have a label of the value, or all.
func sum(t *testing.T, reg *prometheus.Registry, name, value string) (n float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && (value == "" || l.GetValue() == value) {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}

// settled waits until all events are done with.
func (b *bench) settled() {
	b.t.Helper()
	b.wait("commits", func() bool {
		for p := range 2 {
			end, err := wkafka.EndOffset(b.t.Context(), b.kafka, b.topics.Events(), p)
			if err != nil {
				b.t.Fatal(err)
			}
			at, _, err := kafkatest.Committed(b.t.Context(), b.kafka, b.topics.Prefix+Group, b.topics.Events(), int32(p))
			if err != nil || at < end {
				return false
			}
		}
		return true
	})
}

// A folder in which one policy is broken and one fails on each event still
// finds what the third is for; the counters say what happened.
func TestBrokenPolicies(t *testing.T) {
	meta := func(id, pkg string) string {
		return "# METADATA\n# title: T\n# description: D\n# custom:\n#   id: " + id + "\n#   severity: low\n#   response: alert\npackage policies." + pkg + "\n\n"
	}
	files := fstest.MapFS{
		"a/good/policy.rego":    {Data: []byte(meta("CRD-0001", "a.good") + `findings contains "x" if input.class_uid`)},
		"a/broken/policy.rego":  {Data: []byte(meta("CRD-0002", "a.broken") + `findings contains`)},
		"a/failing/policy.rego": {Data: []byte(meta("CRD-0003", "a.failing") + "v := input.class_uid\n\nv := 1\n\nfindings contains \"x\" if v")},
	}
	b := newBench(t)
	reg := prometheus.NewRegistry()
	events := attacks(t)[:5]
	b.append(events...)
	stop := b.start(Options{Files: files, Registry: reg, Now: time.Now})
	defer stop()
	b.wait("five findings", func() bool { return len(b.all(b.topics.Findings())) == 5 })
	want := `
# HELP cordon_detect_failures_total Evaluations on which a policy was silent, and builtins that were undefined, because of an error.
# TYPE cordon_detect_failures_total counter
cordon_detect_failures_total{kind="builtin",policy="CRD-0001"} 0
cordon_detect_failures_total{kind="builtin",policy="CRD-0003"} 0
cordon_detect_failures_total{kind="error",policy="CRD-0001"} 0
cordon_detect_failures_total{kind="error",policy="CRD-0003"} 5
cordon_detect_failures_total{kind="timeout",policy="CRD-0001"} 0
cordon_detect_failures_total{kind="timeout",policy="CRD-0003"} 0
# HELP cordon_detect_policies Policies in force.
# TYPE cordon_detect_policies gauge
cordon_detect_policies 2
# HELP cordon_detect_policy_problems Problems in the folder of policies; what has one is not in force.
# TYPE cordon_detect_policy_problems gauge
cordon_detect_policy_problems 2
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want),
		"cordon_detect_failures_total", "cordon_detect_policies", "cordon_detect_policy_problems")
	if err != nil {
		t.Error(err)
	}
}

func TestRunWithoutPolicies(t *testing.T) {
	err := Run(t.Context(), Options{Policies: t.TempDir() + "/none"})
	if err == nil || !strings.Contains(err.Error(), "policy.rego") {
		t.Errorf("Run without a folder of policies = %v; want an error that says what to name", err)
	}
}
