package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// kindsFolder has n policies whose windows are of all kinds in turn.
func kindsFolder(n int) fstest.MapFS {
	fsys := folder()
	windows := []struct{ window, find, more string }{
		{`{kind: count, by: [input.device.uid], over: 10m}`, `.count > 3`, ""},
		{`{kind: distinct, by: [input.device.uid], over: 10m, of: input.dst, max: 30}`, `.distinct > 2`, ""},
		{`{kind: sum, by: [input.device.uid, input.port], over: 1h, of: input.bytes}`, `.sum > 3000`, ""},
		{`{kind: rate, by: [input.device.uid], over: 1m, of: input.bytes}`, `.per_s > 20`, ""},
		{`{kind: first_seen, by: [input.device.uid, input.dst], over: 24h}`, `.age_s > 600`, ""},
		{`{kind: interval, by: [input.device.uid, input.dst], over: 6h, gap: 1s}`, `.count > 2`, ""},
		{`{kind: ewma, by: [input.device.uid], over: 1h, of: input.bytes}`, `.z > 1`, ""},
		{`{kind: last_seen, by: [input.device.uid, input.dst], over: 24h}`, `.age_s > 900`, ""},
		{`{kind: sequence, by: [input.device.uid], over: 10m, steps: [v, w]}`, `.complete`, "observe contains \"v\" if input.port == 1\n\n"},
		{`{kind: absence, by: [input.device.uid, input.dst], over: 2m}`, `.overdue_s >= 0`, ""},
	}
	for i := range n {
		w := windows[i%len(windows)]
		custom := fmt.Sprintf("id: CRD-%04d\nseverity: low\nresponse: alert\nsuppress: 5m\nwindows:\n  w: %s", i+1, w.window)
		rules := w.more + "observe contains \"w\" if input.bytes\n\n" +
			`findings contains {"summary": "s", "key": input.dst} if input.windows.w` + w.find
		name := fmt.Sprintf("p%03d", i)
		fsys["kinds/"+name+"/policy.rego"] = &fstest.MapFile{Data: []byte(policyText("kinds."+name, custom, rules))}
	}
	return fsys
}

// fleetEvents are n events of devices in no order of time, some twice.
func fleetEvents(n, devices int) []cordon.Event {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]cordon.Event, 0, n)
	for i := range n {
		if i > 0 && r.IntN(50) == 0 {
			again := out[r.IntN(i)]
			again.Position.Offset = int64(i)
			out = append(out, again)
			continue
		}
		ev := at(float64(i)*2+r.Float64()*30, fmt.Sprintf(`{"bytes":%d,"dst":"10.0.%d.%d","port":%d}`, r.IntN(2000), r.IntN(3), r.IntN(20), r.IntN(4)))
		ev.Device = cordon.DeviceID(fmt.Sprintf("sensor-%d/10.1.%d.%d", r.IntN(2), r.IntN(devices)/250, r.IntN(devices)%250))
		ev.Body = bytes.Replace(ev.Body, []byte("{"), fmt.Appendf(nil, `{"device":{"uid":%q},`, ev.Device), 1)
		ev.Position = cordon.Position{Topic: "events", Partition: 1, Offset: int64(i)}
		out = append(out, ev)
	}
	return out
}

func stateOf(t testing.TB, e *Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return b.Bytes()
}

// What is restored and folded further equals what was folded from the start:
// the same state, byte for byte, and the same findings.
func TestRestoreEqualsFold(t *testing.T) {
	p := mustLoad(t, kindsFolder(12))
	o := Options{Recent: 300, MostKeys: 60} // small, so that much is forgotten
	events := fleetEvents(1500, 15)
	whole := New(p, o)
	want := summariesAt(t, whole, events)
	if len(want) < 50 {
		t.Fatalf("%d findings; the events are to find a lot", len(want))
	}
	for _, cut := range []int{0, 299, 777, 1500} {
		first := New(p, o)
		got := summariesAt(t, first, events[:cut])
		state := stateOf(t, first)
		second := New(p, o)
		if err := second.Restore(bytes.NewReader(state)); err != nil {
			t.Fatalf("Restore of the state after %d events = %v", cut, err)
		}
		if again := stateOf(t, second); !bytes.Equal(state, again) {
			t.Errorf("after %d events the restored state differs from the one that was written", cut)
		}
		got = append(got, summariesAt(t, second, events[cut:])...)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("findings with a restart after %d events (-want +got):\n%s", cut, d)
		}
		if !bytes.Equal(stateOf(t, whole), stateOf(t, second)) {
			t.Errorf("with a restart after %d events the state in the end differs", cut)
		}
	}
}

// summariesAt are the ids of the findings in events.
func summariesAt(t testing.TB, e *Engine, events []cordon.Event) []cordon.FindingID {
	t.Helper()
	out := []cordon.FindingID{}
	for _, ev := range events {
		found, err := e.Evaluate(t.Context(), ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out = append(out, f.ID)
		}
	}
	return out
}

// TestStateIsPinned fails when the same events lead to another state, or to
// the same in another form: then stateVersion has to change with the hash.
func TestStateIsPinned(t *testing.T) {
	e := New(mustLoad(t, kindsFolder(10)), Options{Recent: 100, MostKeys: 50})
	summariesAt(t, e, fleetEvents(2000, 20))
	sum := sha256.Sum256(stateOf(t, e))
	const want = "3 24921633ec54542a"
	if got := fmt.Sprintf("%d %s", stateVersion, hex.EncodeToString(sum[:8])); got != want {
		t.Errorf("version and hash of the state = %s; want %s: change both, so that no old state is taken for a new one", got, want)
	}
}

// A state that is cut short or altered gives an error or a state, and never a
// panic; after an error the engine is as it was.
func TestRestoreRefuses(t *testing.T) {
	p := mustLoad(t, kindsFolder(10))
	o := Options{Recent: 50, MostKeys: 20}
	e := New(p, o)
	summariesAt(t, e, fleetEvents(300, 10))
	state := stateOf(t, e)
	fresh := New(p, o)
	empty := stateOf(t, fresh)
	for n := 0; n < len(state); n += 7 {
		if err := fresh.Restore(bytes.NewReader(state[:n])); err == nil {
			t.Fatalf("Restore of %d of %d bytes = nil; want an error", n, len(state))
		}
	}
	if err := fresh.Restore(bytes.NewReader(append(bytes.Clone(state), 0))); !errors.Is(err, errState) {
		t.Errorf("Restore with a byte more = %v; want %v", err, errState)
	}
	if !bytes.Equal(empty, stateOf(t, fresh)) {
		t.Error("an engine that could not be restored has changed")
	}
	for i := 0; i < len(state); i += 17 {
		bad := bytes.Clone(state)
		bad[i] ^= 0x55
		_ = New(p, o).Restore(bytes.NewReader(bad))
	}
	other := New(mustLoad(t, kindsFolder(5)), o)
	if err := other.Restore(bytes.NewReader(state)); !errors.Is(err, errState) {
		t.Errorf("Restore of the state of other policies = %v; want %v", err, errState)
	}
}

func TestSnapshotTellsErrors(t *testing.T) {
	full := errors.New("full")
	e := New(mustLoad(t, kindsFolder(1)), Options{})
	if err := e.Snapshot(writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("Snapshot to a writer that fails = %v; want %v", err, full)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestStateDigest(t *testing.T) {
	p := mustLoad(t, kindsFolder(3))
	base := New(p, Options{}).Digest()
	changed := kindsFolder(3)
	changed["kinds/p001/policy.rego"].Data = append(changed["kinds/p001/policy.rego"].Data, "# changed\n"...)
	for name, got := range map[string]string{
		"fewer policies": New(mustLoad(t, kindsFolder(2)), Options{}).Digest(),
		"another text":   New(mustLoad(t, changed), Options{}).Digest(),
		"fewer keys":     New(p, Options{MostKeys: 7}).Digest(),
		"shorter memory": New(p, Options{Recent: 7}).Digest(),
	} {
		if got == base {
			t.Errorf("with %s the digest stays %s", name, got)
		}
	}
	if got := New(p, Options{Plain: true}).Digest(); got != base {
		t.Errorf("the digest of an engine that leaves all to OPA = %s; want %s, it decides the same", got, base)
	}
}

// TestIDs: different ids stay different, in the state as well.
func TestIDs(t *testing.T) {
	event := string(cordon.NewEventID("a", []byte("b")))
	seen := map[shortID]string{}
	for _, id := range []string{
		"", "x", "0123", event, strings.ToUpper(event), event[:35] + "g", strings.Repeat("-", 36), strings.ReplaceAll(event, "-", "0"),
	} {
		var b bytes.Buffer
		w := &stateWriter{to: &b}
		short := shortened(id)
		w.short(short)
		w.flush()
		r := newStateReader(&b)
		if got := r.short(); got != short || r.err != nil {
			t.Errorf("id %q comes back as %x, %v; want %x", id, got, r.err, short)
		}
		if other, ok := seen[short]; ok {
			t.Errorf("ids %q and %q are the same in short", id, other)
		}
		seen[short] = id
	}
}

// full is the engine of a partition with 10,000 devices and 20 policies, each
// of which knows something of every device.
func full(tb testing.TB) *Engine {
	tb.Helper()
	e := New(mustLoad(tb, kindsFolder(20)), Options{})
	for i := range 12_000 {
		device := fmt.Sprintf("sensor-%d/10.1.%d.%d", i%10_000/500, i%10_000/250, i%250)
		ev := at(float64(i)/10, fmt.Sprintf(`{"bytes":%d,"device":{"uid":%q},"dst":"192.168.%d.%d","port":%d}`, i%1999, device, i%7, i%250, i%4))
		ev.Device = cordon.DeviceID(device)
		if _, err := e.Evaluate(tb.Context(), ev); err != nil {
			tb.Fatal(err)
		}
	}
	return e
}

// The bound that docs/DESIGN.md states, and that streams must keep below.
func TestStateSize(t *testing.T) {
	e := full(t)
	cells := 0
	for _, r := range e.runs {
		cells += r.windows[0].cells.len() + r.emitted.len()
	}
	size := len(stateOf(t, e))
	t.Logf("%d cells: %d bytes, %.1f a cell", cells, size, float64(size)/float64(cells))
	if cells < 200_000 || size > 32<<20 {
		t.Errorf("state of %d cells takes %d bytes; want at least 200,000 cells in at most 32 MiB", cells, size)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	e := full(b)
	var buf bytes.Buffer
	for b.Loop() {
		buf.Reset()
		if err := e.Snapshot(&buf); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(buf.Len()))
}

func BenchmarkRestore(b *testing.B) {
	e := full(b)
	state := stateOf(b, e)
	b.SetBytes(int64(len(state)))
	for b.Loop() {
		if err := e.Restore(bytes.NewReader(state)); err != nil {
			b.Fatal(err)
		}
	}
}
