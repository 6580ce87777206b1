package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func second(s float64) int64 { return int64(s * 1000) }

type step struct {
	at   float64 // seconds
	of   string
	n    float64
	step int
	want []float64 // what the window reads right after
	late bool
	only bool // nothing is added: another event looks at the window
}

func TestCells(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name   string
		window Window
		steps  []step
	}{
		{"count", Window{Kind: Count, Over: 10 * time.Second, Step: time.Second}, []step{
			{at: 0, want: []float64{1}},
			{at: 3.5, want: []float64{2}},
			{at: 9.9, want: []float64{3}},
			{at: 10, want: []float64{3}},      // the bucket of 0 is gone
			{at: 4, want: []float64{2}},       // late: counted, and read as of then
			{at: 13.9, want: []float64{4}},    // 9.9, 10, 13.9: buckets 4 and on, with the late one
			{at: 3, late: true, want: nil},    // too late
			{at: 100, want: []float64{1}},     // everything forgotten
			{at: -100, late: true, want: nil}, // before the epoch of the test
		}},
		{"sum", Window{Kind: Sum, Over: 4 * time.Second, Step: 2 * time.Second, Of: Path{"x"}}, []step{
			{at: 0, n: 2.5, want: []float64{2.5, 1}},
			{at: 3, n: 4, want: []float64{6.5, 2}},
			{at: 4, n: 1, want: []float64{5, 2}},
		}},
		{"rate of events", Window{Kind: Rate, Over: 2 * time.Second, Step: time.Second}, []step{
			{at: 0, want: []float64{0.5, 1}},
			{at: 0.5, want: []float64{1, 2}},
			{at: 1.5, want: []float64{1.5, 3}},
		}},
		{"rate of a sum", Window{Kind: Rate, Over: 2 * time.Second, Step: time.Second, Of: Path{"x"}}, []step{
			{at: 0, n: 100, want: []float64{50, 1}},
			{at: 1, n: 100, want: []float64{100, 2}},
		}},
		{"distinct", Window{Kind: Distinct, Over: 3 * time.Second, Step: time.Second, Max: 3}, []step{
			{at: 0, of: "a", want: []float64{1}},
			{at: 1, of: "b", want: []float64{2}},
			{at: 1.5, of: "a", want: []float64{2}},
			{at: 2, of: "c", want: []float64{3}},
			{at: 2.5, of: "d", want: []float64{3}}, // saturated
			{at: 4, of: "e", want: []float64{2}},   // a and b are gone: c and e
			{at: 1, of: "x", late: true, want: nil},
			{at: 2, of: "y", want: []float64{2}}, // saturated? no: c, e, y; as of 2 only c and y
		}},
		{"first seen", Window{Kind: FirstSeen, Over: time.Minute, Step: time.Second}, []step{
			{at: 10, want: []float64{0, 1}},
			{at: 30, want: []float64{20, 2}},
			{at: 5, want: []float64{0, 3}}, // late: it was first
			{at: 60, want: []float64{55, 4}},
			{at: 121, want: []float64{0, 1}}, // forgotten
		}},
		{"interval", Window{Kind: Interval, Over: time.Hour, Step: 6 * time.Minute, Gap: 5 * time.Second}, []step{
			{at: 0, want: []float64{0, nan, nan}},
			{at: 3, want: []float64{0, nan, nan}}, // one contact
			{at: 60, want: []float64{1, 60, 0}},
			{at: 64, want: []float64{1, 60, 0}},
			{at: 50, late: true, want: []float64{1, 60, 0}},
			{at: 120, want: []float64{2, 60, 0}},
			{at: 240, want: []float64{3, 80, math.Sqrt(800) / 80}},
			{at: 5000, want: []float64{0, nan, nan}}, // a pause is no interval
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkSteps(t, tt.window, tt.steps) })
	}
}

// checkSteps adds the steps to a cell of w and compares what it reads.
func checkSteps(t *testing.T, w Window, steps []step) {
	t.Helper()
	f := newFrame(w)
	c := f.newCell()
	for i, s := range steps {
		if !s.only {
			if got := c.add(f, second(s.at), sample{text: []byte(s.of), number: s.n, step: s.step}); got == s.late {
				t.Errorf("step %d: add(%gs) = %t; want %t", i, s.at, got, !s.late)
			}
		}
		r, ok := c.read(f, second(s.at))
		if ok != (s.want != nil) {
			t.Errorf("step %d: read(%gs) = %v, %t; want %v", i, s.at, r, ok, s.want)
		}
		for j, want := range s.want {
			if math.Abs(r[j]-want) > 1e-9 || math.IsNaN(r[j]) != math.IsNaN(want) {
				t.Errorf("step %d: read(%gs) = %v; want %v", i, s.at, r, s.want)
				break
			}
		}
	}
}

// model counts as a window is defined, without ring or bound.
func model(f *frame, times []int64, at int64) float64 {
	newest := int64(math.MinInt64)
	var kept []int64
	for _, x := range times {
		b := f.bucket(x)
		if newest != math.MinInt64 && newest-b >= f.width {
			continue
		}
		newest = max(newest, b)
		kept = append(kept, b)
	}
	n, end := 0.0, f.bucket(at)
	for _, b := range kept {
		if b <= end && end-b < f.width && newest-b < f.width {
			n++
		}
	}
	return n
}

func TestCountAgainstDefinition(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFrame(Window{Kind: Count, Over: time.Duration(1+r.IntN(20)) * time.Second, Step: time.Duration(1+r.IntN(3000)) * time.Millisecond})
		c := f.newCell()
		var times []int64
		now := int64(0)
		for range 100 {
			now += int64(r.IntN(4000)) - 500
			times = append(times, now)
			c.add(f, now, sample{})
			at := now - int64(r.IntN(3000))
			got, ok := c.read(f, at)
			if want := model(f, times, at); ok && got[0] != want {
				t.Fatalf("seed %d: count at %d after %v = %v; want %v", seed, at, times, got[0], want)
			}
		}
	}
}

func TestLRU(t *testing.T) {
	l := newLRU[int](3)
	var gone atomic.Int64
	l.evicted = &gone
	var evicted []int64
	for _, k := range []string{"a", "b", "c", "a", "d", "b"} {
		l.use([]byte(k), func() int { return 0 }).value++
		evicted = append(evicted, gone.Load())
	}
	got := map[string]int{}
	for _, k := range []string{"a", "b", "c", "d"} {
		if v, ok := l.get([]byte(k)); ok {
			got[k] = v
		}
	}
	if d := cmp.Diff(map[string]int{"a": 2, "d": 1, "b": 1}, got); d != "" {
		t.Errorf("kept (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]int64{0, 0, 0, 0, 1, 2}, evicted); d != "" {
		t.Errorf("evicted (-want +got):\n%s", d)
	}
}

func TestWindowsAreKeyed(t *testing.T) {
	p := mustLoad(t, one(plain+`
windows:
  n: {kind: count, by: [input.device.uid, input.port], over: 1m}
  s: {kind: sum, of: input.bytes, by: [input.device.uid], over: 1m}`, `
observe contains "n" if input.seen
observe contains "s" if input.seen
findings contains sprintf("%v %v", [object.get(input, ["windows", "n", "count"], "-"), object.get(input, ["windows", "s", "sum"], "-")])`))
	e := New(p, Options{})
	got := summaries(t, e,
		at(0, `{"device":{"uid":"d"},"seen":true,"port":1,"bytes":5}`),
		at(1, `{"device":{"uid":"d"},"seen":true,"port":"1","bytes":7.5}`), // another key: text is no number
		at(2, `{"device":{"uid":"d"},"seen":true,"port":1,"bytes":"9"}`),   // no number to sum
		at(3, `{"device":{"uid":"d"},"seen":false,"port":1}`),              // reads without counting
		at(4, `{"device":{"uid":"d"},"seen":true}`),                        // no key for n
		at(5, `{"device":{"uid":"e"},"port":1}`),                           // a key without events
		at(6, `{"device":{"uid":["e"]},"port":1}`),
	)
	want := []string{"1 5", "1 12.5", "2 12.5", "2 12.5", "- 12.5", "0 0", "- -"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("windows (-want +got):\n%s", d)
	}
}

func TestWindowsForgetKeys(t *testing.T) {
	p := mustLoad(t, one(plain+"\nwindows:\n  n: {kind: count, by: [input.device.uid, input.ip], over: 1h}",
		`observe contains "n" if input.ip
findings contains sprintf("%d", [input.windows.n.count]) if input.windows.n.count > 1`))
	counts := NewCounts()
	e := New(p, Options{Counts: counts, MostKeys: 100})
	for i := range 300 {
		summaries(t, e, at(float64(i), fmt.Sprintf(`{"device":{"uid":"d"},"ip":"%d"}`, i)))
	}
	if n := e.runs[0].windows[0].cells.len(); n != 100 {
		t.Errorf("keys = %d; want 100", n)
	}
	if n := counts.policies["CRD-0001"].Windows["n"].Evicted.Load(); n != 200 {
		t.Errorf("evicted = %d; want 200", n)
	}
	if got := summaries(t, e, at(300, `{"device":{"uid":"d"},"ip":"299"}`), at(301, `{"device":{"uid":"d"},"ip":"0"}`)); len(got) != 1 {
		t.Errorf("findings = %q; want one, of the key that is remembered", got)
	}
}
