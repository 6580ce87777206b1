package detect

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// versions are sets of policies by name. Each finds something in every event,
// and says from the third event of a device on how many there were.
func versions(t testing.TB, names ...string) map[string]*ruleset {
	t.Helper()
	out := map[string]*ruleset{}
	for i, name := range names {
		pack, err := load(t.Context(), engine.LoadOptions{}, versionFiles(name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &ruleset{digest: name, author: "ana", at: cordon.Position{Topic: "rulesets", Offset: int64(i)}, pack: pack}
	}
	return out
}

func versionFiles(name string) map[string]string {
	meta := "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: low\n#   response: alert\n#   id: "
	return map[string]string{
		"a/says/policy.rego": meta + "CRD-0001\npackage policies.a.says\n\nfindings contains \"" + name + "\" if input.class_uid == 4001\n",
		"a/counts/policy.rego": meta + "CRD-0002\n#   windows:\n#     seen: {kind: count, by: [input.device.uid], over: 24h}\npackage policies.a.counts\n\n" +
			"observe contains \"seen\" if input.class_uid == 4001\n\nfindings contains \"third\" if input.windows.seen.count == 3\n",
	}
}

// plainEvent is the n-th event, of one of three devices.
func plainEvent(n int) cordon.Event {
	device := fmt.Sprintf("d%d", n%3)
	at := time.UnixMilli(1_700_000_000_000 + int64(n)*1000).UTC()
	body := fmt.Sprintf(`{"class_uid":4001,"device":{"uid":%q},"time":%d}`, device, at.UnixMilli())
	return cordon.Event{
		ID: cordon.NewEventID("/test", []byte(body)), Device: cordon.DeviceID(device), Class: "network_activity",
		Source: "/test", Time: at, Recorded: at, Body: []byte(body),
	}
}

func recordAt(offset int) cordon.Record {
	r := plainEvent(offset).Record()
	r.Position = cordon.Position{Topic: "events", Offset: int64(offset)}
	return r
}

// fake is the log and the folder that a course sees.
type fake struct {
	sets    map[string]*ruleset
	latest  string
	changes []cordon.Change // written
	taken   int64           // events of which findings are in the log
}

func (f *fake) course() *course {
	c := &course{
		changes: append([]cordon.Change(nil), f.changes...),
		fetch:   func(c cordon.Change) (*ruleset, error) { return f.sets[c.Ruleset], nil },
		latest:  func() *ruleset { return f.sets[f.latest] },
		free:    func() int64 { return f.taken },
	}
	c.write = func(_ context.Context, c cordon.Change) error {
		f.changes = append(f.changes, c)
		return nil
	}
	return c
}

// texts are what s finds in the event at offset, in one string.
func texts(t *testing.T, s *step, offset int) string {
	t.Helper()
	outs, err := s.Apply(t.Context(), recordAt(offset))
	if err != nil {
		t.Fatal(err)
	}
	return summariesOf(t, outs)
}

func summariesOf(t *testing.T, outs []stream.Output) (all string) {
	t.Helper()
	for _, o := range outs {
		f, err := cordon.FindingOf(o.Record)
		if err != nil {
			t.Fatal(err)
		}
		all += f.Summary + " "
	}
	return all
}

// A set that becomes the newest while events flow holds from the next one on,
// and that is written down before anything follows from it.
func TestCourseIsWrittenDown(t *testing.T) {
	f := &fake{sets: versions(t, "one", "two", "three"), latest: "one"}
	s := newStep(f.course(), engine.Options{}, "findings")
	got := []string{}
	for offset, latest := range []string{"one", "one", "two", "two", "two", "two", "two", "three", "one"} {
		f.latest = latest // that an older set is the latest known here, at the end, means that somebody else is ahead
		got = append(got, texts(t, s, offset))
	}
	want := []string{"one ", "one ", "two ", "two ", "two ", "two ", "third two ", "third three ", "third three "}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	var changes []string
	for i, c := range f.changes {
		changes = append(changes, fmt.Sprintf("%d %s from %d by %s at %s", c.Number, c.Ruleset, c.Offset, c.Author, c.RulesetAt))
		if c.Number != i {
			t.Errorf("change %d has number %d", i, c.Number)
		}
	}
	if d := cmp.Diff([]string{
		"0 one from 0 by ana at rulesets/0/0", "1 two from 2 by ana at rulesets/0/1", "2 three from 7 by ana at rulesets/0/2",
	}, changes); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}

// Whatever a process has when it takes over, the state of a fold, a snapshot of
// any offset, changes that are ahead of it, it finds what one that never
// stopped finds, and changes nothing that was decided.
func TestCourseIsFollowed(t *testing.T) {
	const events = 24
	f := &fake{sets: versions(t, "one", "two", "three"), latest: "one"}
	first := newStep(f.course(), engine.Options{}, "findings")
	var want []string
	var states [][]byte // after so many events
	for offset := range events {
		states = append(states, stateOf(t, first))
		f.latest = map[bool]string{true: "one", false: "two"}[offset < 4]
		if offset >= 9 {
			f.latest = "three"
		}
		want = append(want, texts(t, first, offset))
	}
	decided := len(f.changes)
	for start := 1; start < events; start++ {
		folded := newStep(f.course(), engine.Options{}, "findings")
		for offset := range start {
			if err := folded.Fold(t.Context(), recordAt(offset)); err != nil {
				t.Fatal(err)
			}
		}
		restored := newStep(f.course(), engine.Options{}, "findings")
		if err := restored.Restore(bytes.NewReader(states[start])); err != nil {
			t.Fatalf("restore what was written before event %d: %v", start, err)
		}
		if !bytes.Equal(stateOf(t, folded), stateOf(t, restored)) {
			t.Errorf("before event %d: what was folded and what was restored differ", start)
		}
		for name, s := range map[string]*step{"folded": folded, "restored": restored} {
			var got []string
			for offset := start; offset < events; offset++ {
				got = append(got, texts(t, s, offset))
			}
			if d := cmp.Diff(want[start:], got); d != "" {
				t.Errorf("%s, from event %d on (-want +got):\n%s", name, start, d)
			}
		}
	}
	if len(f.changes) != decided || decided != 3 {
		t.Errorf("%d changes, %d of them by those that took over; want 3 and 0", len(f.changes), len(f.changes)-decided)
	}
}

// What another process found in events before it died, without a commit, was
// found by the set of before: the new one holds only behind them.
func TestCourseLeavesWhatWasFound(t *testing.T) {
	f := &fake{sets: versions(t, "one", "two"), latest: "one"}
	s := newStep(f.course(), engine.Options{}, "findings")
	got := []string{texts(t, s, 0)}
	f.latest, f.taken = "two", 3
	for offset := 1; offset < 5; offset++ {
		got = append(got, texts(t, s, offset))
	}
	if d := cmp.Diff([]string{"one ", "one ", "one ", "two ", "two "}, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

// A state that does not fit the log is refused, and the step is new again.
func TestRestoreRefusesWhatTheLogHasOtherwise(t *testing.T) {
	f := &fake{sets: versions(t, "one", "two"), latest: "one"}
	s := newStep(f.course(), engine.Options{}, "findings")
	texts(t, s, 0)
	f.latest = "two"
	texts(t, s, 1)
	state := stateOf(t, s)
	for name, changes := range map[string][]cordon.Change{
		"none":      nil,
		"one less":  f.changes[:1],
		"another":   {f.changes[0], {Ruleset: "one", Offset: 1}},
		"one later": {f.changes[0], {Ruleset: "two", Offset: 2}},
		"one more":  {f.changes[0], f.changes[1], {Ruleset: "one", Offset: 1}},
	} {
		fresh := newStep((&fake{sets: f.sets, latest: "two", changes: changes}).course(), engine.Options{}, "findings")
		if err := fresh.Restore(bytes.NewReader(state)); err == nil {
			t.Errorf("%s: Restore = nil; want an error", name)
		}
		if fresh.set != nil || fresh.course.next != 0 {
			t.Errorf("%s: after the error the step is not new", name)
		}
	}
}
