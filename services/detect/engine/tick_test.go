package engine

import (
	"bytes"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// tickAt is a tick, seconds after day, among the events of a log.
func tickAt(seconds float64) cordon.Event {
	return cordon.Event{Class: cordon.TickType, Time: day.Add(time.Duration(seconds * float64(time.Second)))}
}

// beat is an event of a device.
func beat(device string, seconds float64) cordon.Event {
	ev := at(seconds, fmt.Sprintf(`{"device":{"uid":%q},"port":5}`, device))
	ev.Device = cordon.DeviceID(device)
	return ev
}

// findingsIn are what e finds in the events and ticks of a log.
func findingsIn(t testing.TB, e *Engine, log ...cordon.Event) []cordon.Finding {
	t.Helper()
	var out []cordon.Finding
	for _, ev := range log {
		var found []cordon.Finding
		var err error
		if ev.Class == cordon.TickType {
			found, err = e.Tick(t.Context(), ev.Time, ev.Position)
		} else {
			found, err = e.Evaluate(t.Context(), ev)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return out
}

func silentFolder() fstest.MapFS {
	return one(plain+"\nwindows:\n  beat: {kind: absence, by: [input.device.uid], over: 1m}",
		`observe contains "beat" if input.port
findings contains sprintf("silent for %v s", [input.windows.beat.silent_s]) if input.windows.beat.overdue_s >= 0`)
}

func TestAbsence(t *testing.T) {
	p := mustLoad(t, silentFolder())
	for _, tt := range []struct {
		name string
		log  []cordon.Event
		want []string
	}{
		{"noticed once, and again after it spoke",
			[]cordon.Event{beat("d", 0), tickAt(30), tickAt(59.9), tickAt(60), tickAt(90), beat("d", 100), tickAt(159), tickAt(170)},
			[]string{"60 d silent for 60 s", "170 d silent for 70 s"}},
		{"without ticks no time passes", []cordon.Event{beat("d", 0), beat("e", 5000)}, nil},
		{"an older event ends no silence", []cordon.Event{beat("d", 50), beat("d", 10), tickAt(100), tickAt(110)}, []string{"110 d silent for 60 s"}},
		{"a newer one that comes after the tick does",
			[]cordon.Event{beat("d", 0), tickAt(70), beat("d", 20), tickAt(75), tickAt(81)}, []string{"70 d silent for 70 s", "81 d silent for 61 s"}},
		{"ticks twice and back", []cordon.Event{beat("d", 0), tickAt(200), tickAt(100), tickAt(200), tickAt(300)}, []string{"200 d silent for 200 s"}},
		{"who spoke longest ago comes first",
			[]cordon.Event{beat("a", 0), beat("b", 1), beat("c", 2), beat("a", 3), tickAt(62.5), tickAt(63)},
			[]string{"62.5 b silent for 61.5 s", "62.5 c silent for 60.5 s", "63 a silent for 60 s"}},
		{"who never spoke is not missed", []cordon.Event{tickAt(1000)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range findingsIn(t, New(p, Options{}), tt.log...) {
				got = append(got, fmt.Sprintf("%g %s %s", f.Time.Sub(day).Seconds(), f.Device, f.Summary))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

// A policy is asked once about a key however many of its windows are overdue,
// and an event that is no tick does not see them.
func TestAbsenceOfSeveral(t *testing.T) {
	p := mustLoad(t, one(plain+`
windows:
  a: {kind: absence, by: [input.device.uid], over: 1m}
  b: {kind: absence, by: [input.device.uid], over: 50s}
  c: {kind: absence, by: [input.device.uid, input.on, input.port, input.s.t], over: 10s}
  n: {kind: count, by: [input.device.uid], over: 24h}`, `
observe contains "a" if input.port
observe contains "b" if input.port
observe contains "c" if input.port
observe contains "n"
findings contains sprintf("%v %v", [object.get(input, "class_name", "-"), input.windows])
findings contains sprintf("gone %v %v %v", [input.on, input.port, input.s.t]) if input.windows.c.overdue_s >= 0`))
	body := `{"device":{"uid":"d"},"on":true,"port":1.50,"s":{"t":"x<\"y\n"}}`
	got := []string{}
	for _, f := range findingsIn(t, New(p, Options{}), at(0, body), tickAt(10), tickAt(60)) {
		got = append(got, f.Summary)
	}
	want := []string{
		`- {"n": {"count": 1}}`,
		"cordon.tick {\"c\": {\"count\": 1, \"overdue_s\": 0, \"silent_s\": 10}, \"n\": {\"count\": 1}}",
		`gone true 1.5 x<"y`,
		`cordon.tick {"a": {"count": 1, "overdue_s": 0, "silent_s": 60}, "b": {"count": 1, "overdue_s": 10, "silent_s": 60}, "n": {"count": 1}}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

// A finding about silence names the tick as its place in the log, and is the
// same whichever of two equal ticks comes first.
func TestFindingOfTick(t *testing.T) {
	p := mustLoad(t, silentFolder())
	tick := tickAt(99)
	tick.Position = cordon.Position{Topic: "events", Partition: 2, Offset: 7}
	got := findingsIn(t, New(p, Options{}), beat("d", 0), tick)
	if len(got) != 1 || got[0].CauseAt != tick.Position || !got[0].Time.Equal(tick.Time) || got[0].Device != "d" {
		t.Fatalf("findings = %+v; want one of device d, at %v", got, tick.Position)
	}
	tick.Position.Offset = 8
	if again := findingsIn(t, New(p, Options{}), beat("d", 0), tick); again[0].ID != got[0].ID {
		t.Errorf("the finding of a tick elsewhere has the id %s; want %s", again[0].ID, got[0].ID)
	}
	e := New(p, Options{})
	findingsIn(t, e, tick)
	if _, err := e.Tick(t.Context(), tick.Time, tick.Position); err == nil {
		t.Error("Tick of a position that was there = nil; want an *OrderError")
	}
}

// logOfAll is a log with ticks among events.
func logOfAll(n int) []cordon.Event {
	var log []cordon.Event
	for i, ev := range fleetEvents(n, 15) {
		if i%20 == 19 {
			tick := tickAt(float64(i) * 2)
			tick.Position = ev.Position
			log = append(log, tick)
			continue
		}
		log = append(log, ev)
	}
	return log
}

// Whatever the kind of window, a restart at any record changes nothing, and two
// runs find the same.
func TestRestoreAtEveryRecord(t *testing.T) {
	p := mustLoad(t, kindsFolder(10))
	o := Options{Recent: 300, MostKeys: 400, MostBytes: 400_000}
	log := logOfAll(600)
	counts := NewCounts()
	first, second, restored := New(p, Options{Counts: counts, Recent: o.Recent, MostKeys: o.MostKeys, MostBytes: o.MostBytes}), New(p, o), New(p, o)
	found, silent := 0, 0
	for i, ev := range log {
		want := findingsIn(t, first, ev)
		if d := cmp.Diff(want, findingsIn(t, second, ev)); d != "" {
			t.Fatalf("record %d in two runs:\n%s", i, d)
		}
		state := stateOf(t, restored)
		restored = New(p, o)
		if err := restored.Restore(bytes.NewReader(state)); err != nil {
			t.Fatalf("record %d: Restore = %v", i, err)
		}
		if d := cmp.Diff(want, findingsIn(t, restored, ev)); d != "" {
			t.Fatalf("record %d after a restart (-without +with):\n%s", i, d)
		}
		if !bytes.Equal(stateOf(t, first), stateOf(t, restored)) {
			t.Fatalf("record %d: the state after a restart differs", i)
		}
		if found += len(want); ev.Class == cordon.TickType {
			silent += len(want)
		}
	}
	evicted := int64(0)
	counts.Each(func(_ string, n *PolicyCounts) { evicted += n.Windows["w"].Evicted.Load() })
	if found < 100 || silent < 10 || evicted < 50 {
		t.Errorf("%d findings, %d of them of ticks, %d keys forgotten; want more", found, silent, evicted)
	}
}
