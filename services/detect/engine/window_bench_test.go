package engine

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// rawFields is an event of two fields: path 0 is the key, path 1 a value.
type rawFields struct {
	key, value []byte
}

func (f *rawFields) appendField(b []byte, path int) ([]byte, bool) {
	if path == 0 {
		return appendRaw(b, keyText, f.key), true
	}
	return appendRaw(b, keyNumber, f.value), true
}

func (f *rawFields) number(int) (float64, bool) { return rawNumber(f.value) }

// stateOfWindow is the memory of w, keyed by path 0.
func stateOfWindow(w Window, keys int) *windowState {
	w.Name, w.By = "w", []Path{{"device", "uid"}}
	ps := &paths{}
	ps.number(w.By[0])
	if w.Of != nil {
		ps.number(w.Of)
	}
	s := newWindowStates(newWindows([]Window{w}, ps), keys, map[string]*WindowCounts{"w": {}})[0]
	s.cells.join(&budget{most: 1 << 40})
	return s
}

// updates gives s one event of each of keys devices after another, in a random
// order of devices, and reads what it knows then.
type updates struct {
	state *windowState
	f     rawFields
	keys  uint64
	n     uint64
	sum   float64
}

func newUpdates(w Window, keys int) *updates {
	return &updates{
		state: stateOfWindow(w, keys), keys: uint64(keys),
		f: rawFields{key: []byte("sensor-01/00000000-0000"), value: []byte("100")},
	}
}

func (u *updates) next() {
	u.n++
	device := u.n * 0x9e3779b97f4a7c15 % u.keys
	binary.LittleEndian.PutUint64(u.f.key[10:], device)
	u.f.value[0] = '1' + byte(u.n%8)
	at := int64(u.n/u.keys) * 1000
	u.state.observeAt(at, &u.f)
	r, _ := u.state.readAt(at, &u.f)
	u.sum += r[0]
}

// fill makes all keys known and the windows full.
func (u *updates) fill() {
	for range 30 * u.keys {
		u.next()
	}
}

// Counting an event of a key that is known, and reading its window, does not
// allocate.
func TestUpdatesDoNotAllocate(t *testing.T) {
	for i, w := range kindsOfWindows() {
		u := newUpdates(w, 100)
		u.fill()
		if n := testing.AllocsPerRun(5000, u.next); n != 0 {
			t.Errorf("window %d of kind %s: %v allocations an update; want none", i, w.Kind, n)
		}
		if n := u.state.cells.len(); n != 100 {
			t.Errorf("window %d of kind %s: %d keys; want 100", i, w.Kind, n)
		}
	}
}

// cpuTime is what the process has used of processors so far: on a busy machine
// time on the clock says little.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkUpdate(b *testing.B) {
	for _, keys := range []int{10_000, 100_000} {
		for _, w := range kindsOfWindows() {
			name := string(w.Kind)
			if w.Of != nil && w.Kind == EWMA {
				name += " of"
			}
			w.Over, w.Step = 5*time.Minute, 30*time.Second
			b.Run(fmt.Sprintf("%s/%d", name, keys), func(b *testing.B) {
				u := newUpdates(w, keys)
				for range 3 * keys {
					u.next()
				}
				b.ReportAllocs()
				start := cpuTime(b)
				for b.Loop() {
					u.next()
				}
				b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}
