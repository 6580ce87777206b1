package engine

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestCellsThatNeedOrder(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name   string
		window Window
		steps  []step
	}{
		{"ewma of values", Window{Kind: EWMA, Over: 10 * time.Second, Step: time.Second, Of: Path{"x"}}, []step{
			{at: 0, n: 2, want: []float64{nan, nan, 0}},
			{at: 1, n: 4, want: []float64{2, nan, 1}},
			{at: 1.5, n: 6, want: []float64{3.1, 2.9 / math.Sqrt(0.99), 2}},
			{at: 1.7, only: true, want: []float64{3.1, 2.9 / math.Sqrt(0.99), 2}}, // of the value counted last
			{at: -20, n: 1, late: true, want: nil},
			{at: 9, only: true, want: []float64{3.1, 2.9 / math.Sqrt(0.99), 2}},
			{at: 11, only: true, want: []float64{nan, nan, 0}}, // forgotten
			{at: 30, n: 5, want: []float64{nan, nan, 0}},
		}},
		{"ewma of what never changes", Window{Kind: EWMA, Over: 10 * time.Second, Step: time.Second, Of: Path{"x"}}, []step{
			{at: 0, n: 0, want: []float64{nan, nan, 0}},
			{at: 1, n: 0, want: []float64{0, nan, 1}},
			{at: 2, n: 0, want: []float64{0, 0, 2}},
			{at: 3, n: -1, want: []float64{0, -1000, 3}},
			{at: 20, n: 100, want: []float64{nan, nan, 0}},
			{at: 21, n: 100, want: []float64{100, nan, 1}},
			{at: 22, n: 100.01, want: []float64{100, 100.0, 2}}, // a millionth of the mean is no deviation
		}},
		{"ewma of events", Window{Kind: EWMA, Over: 10 * time.Second, Step: time.Second}, []step{
			{at: 0, want: []float64{nan, nan, 0}},
			{at: 0.5, want: []float64{nan, nan, 0}},
			{at: 1.1, want: []float64{2, nan, 1}},
			{at: 2.2, want: []float64{1.45, -0.45 / math.Sqrt(0.2475), 2}},
			{at: 0.9, want: []float64{nan, nan, 0}}, // late: counted, and read as of then
			{at: 2.3, want: []float64{38.0 / 20, 0.1 / math.Sqrt(92.0/20-1.9*1.9), 2}},
			{at: 30, only: true, want: []float64{nan, nan, 0}},
			{at: -30, late: true, want: nil},
		}},
		{"last seen", Window{Kind: LastSeen, Over: time.Minute}, []step{
			{at: 10, want: nil}, // nothing was before
			{at: 15, only: true, want: []float64{5, 1}},
			{at: 30, want: []float64{20, 2}},
			{at: 30, want: []float64{20, 3}},            // as old as the one at the same time
			{at: 20, want: []float64{10, 4}},            // late
			{at: 25, only: true, want: []float64{5, 4}}, // sees the late one
			{at: 5, want: nil},
			{at: 31, want: []float64{1, 6}},
			{at: 32, want: []float64{1, 7}}, // now only the newest four times are known
			{at: 15, only: true, want: nil},
			{at: -40, late: true, want: nil},
			{at: 92, only: true, want: []float64{60, 7}},
			{at: 93, only: true, want: nil}, // forgotten
			{at: 93, want: nil},
			{at: 94, want: []float64{1, 2}},
		}},
		{"sequence", Window{Kind: Sequence, Over: 10 * time.Second, Steps: []string{"a", "b", "c"}}, []step{
			{at: 1, step: 1, want: nil},
			{at: 2, step: 0, want: nil},
			{at: 3, step: 2, want: nil}, // b was before a
			{at: 4, step: 1, want: nil},
			{at: 12, step: 2, want: []float64{1, 0, 10}},
			{at: 12, only: true, want: []float64{1, 0, 10}},
			{at: 12.001, only: true, want: nil},                       // a has left the window
			{at: 13, step: 2, want: nil},                              // longer than the window
			{at: 2.5, step: 0, late: true, want: []float64{1, 0, 10}}, // older than the window; it was in the midst
			{at: 3.5, step: 0, want: []float64{1, 0, 9.5}},            // late: with it 3.5, 4 and 13
			{at: 13, only: true, want: []float64{1, 0, 9.5}},
		}},
		{"sequence at one time", Window{Kind: Sequence, Over: time.Second, Steps: []string{"a", "b"}}, []step{
			{at: 1, step: 1, want: nil},
			{at: 1, step: 0, want: nil}, // b stands before a in the log
			{at: 1, step: 1, want: []float64{1, 0, 0}},
		}},
		{"sequence in a flood of its first step", Window{Kind: Sequence, Over: time.Minute, Steps: []string{"a", "b"}}, []step{
			{at: 1}, {at: 2}, {at: 3}, {at: 4}, {at: 5}, {at: 6}, {at: 7}, {at: 8}, {at: 9}, {at: 10},
			{at: 11, step: 1, want: []float64{1, 0, 1}},
		}},
		{"absence", Window{Kind: Absence, Over: 10 * time.Second}, []step{
			{at: 0, want: nil},
			{at: 9, want: nil},
			{at: 5, want: nil}, // late: it changes nothing
			{at: 18.9, only: true, want: nil},
			{at: 19, only: true, want: []float64{0, 10, 3}},
			{at: 25, only: true, want: []float64{6, 16, 3}},
			{at: 20, want: nil},
			{at: 31, only: true, want: []float64{1, 11, 4}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkSteps(t, tt.window, tt.steps) })
	}
}

// kindsOfWindows has each kind, small enough that a short timeline fills it.
func kindsOfWindows() []Window {
	over, step := 20*time.Second, 2*time.Second
	return []Window{
		{Kind: Count, Over: over, Step: step},
		{Kind: Distinct, Over: over, Step: step, Max: 12, Of: Path{"x"}},
		{Kind: Sum, Over: over, Step: step, Of: Path{"x"}},
		{Kind: Rate, Over: over, Step: step},
		{Kind: EWMA, Over: over, Step: step},
		{Kind: EWMA, Over: over, Step: step, Of: Path{"x"}},
		{Kind: FirstSeen, Over: over, Step: step},
		{Kind: LastSeen, Over: over, Step: step},
		{Kind: Interval, Over: over, Step: step, Gap: time.Second},
		{Kind: Sequence, Over: over, Step: step, Steps: []string{"a", "b", "c"}},
		{Kind: Absence, Over: over, Step: step},
	}
}

// again is c as it is after a restart.
func again(t *testing.T, f *frame, c cell) (cell, []byte) {
	t.Helper()
	var state bytes.Buffer
	w := &stateWriter{to: &state}
	c.save(w)
	w.flush()
	bs := bytes.Clone(state.Bytes())
	r := newStateReader(&state)
	out := f.newCell()
	if out.load(r, f); r.err != nil {
		t.Fatalf("load of %T = %v", c, r.err)
	}
	return out, bs
}

// A cell that is saved and loaded at every event is no other than one that is
// not, and than a second one that saw the same.
func TestCellsSurvive(t *testing.T) {
	for i, w := range kindsOfWindows() {
		t.Run(fmt.Sprint(i, " ", w.Kind), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			f := newFrame(w)
			plain, second, restored := f.newCell(), f.newCell(), f.newCell()
			now, fields := int64(0), 0
			for n := range 500 {
				now += int64(r.IntN(3000))
				at := now - int64(r.IntN(2)*r.IntN(30_000))
				if r.IntN(100) == 0 {
					now += 60_000
				}
				of := sample{text: fmt.Append(nil, r.IntN(30)), number: float64(r.IntN(9)) / 10, step: r.IntN(3)}
				taken := plain.add(f, at, of)
				if second.add(f, at, of) != taken || restored.add(f, at, of) != taken {
					t.Fatalf("event %d at %d: taken by some and not by others", n, at)
				}
				var state, same []byte
				restored, state = again(t, f, restored)
				_, same = again(t, f, plain)
				if !bytes.Equal(state, same) || restored.bytes() != plain.bytes() {
					t.Fatalf("event %d at %d: the restored cell differs", n, at)
				}
				for _, ask := range []int64{at, now, at + 1500, at + 25_000} {
					want, ok := plain.read(f, ask)
					got, ok2 := restored.read(f, ask)
					other, ok3 := second.read(f, ask)
					if ok != ok2 || ok != ok3 || ok && (fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(other) != fmt.Sprint(want)) {
						t.Fatalf("event %d: read(%d) = %v, %v, %v; want three times the same", n, ask, want, got, other)
					}
					if ok && want[0] > 0 {
						fields++
					}
				}
			}
			if fields < 100 {
				t.Errorf("%d readings of something; want more", fields)
			}
		})
	}
}

// happened reports whether the steps happened in their order by brute force.
func happened(times [][]int64, from, to int64) bool {
	t := from
	for _, step := range times {
		next := int64(math.MaxInt64)
		for _, s := range step {
			if s >= t {
				next = min(next, s)
			}
		}
		if t = next; t > to {
			return false
		}
	}
	return true
}

func TestSequenceAgainstDefinition(t *testing.T) {
	complete := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 4))
		f := newFrame(Window{Kind: Sequence, Over: 10 * time.Second, Step: time.Second, Steps: []string{"a", "b", "c"}})
		c := f.newCell()
		times := make([][]int64, 3)
		newest := int64(0)
		for _, at := range r.Perm(20)[:12] { // no two at the same time
			at, step := int64(at)*1000, r.IntN(3)
			if newest-at <= f.overMS && len(times[step]) < stepTimes {
				times[step] = append(times[step], at)
				newest = max(newest, at)
				c.add(f, at, sample{step: step})
			}
			_, got := c.read(f, newest)
			if want := happened(times, newest-f.overMS, newest); got != want {
				t.Fatalf("seed %d: complete at %d after %v = %t; want %t", seed, newest, times, got, want)
			} else if want {
				complete++
			}
		}
	}
	if complete < 200 {
		t.Errorf("%d sequences; want more", complete)
	}
}

// ewmaModel weighs counts by step as the average is defined.
func ewmaModel(f *frame, times []int64, at int64) reading {
	counts, first, end := map[int64]float64{}, int64(math.MaxInt64), f.bucket(at)
	for _, x := range times {
		counts[f.bucket(x)]++
		first = min(first, f.bucket(x))
	}
	var weights, sum, squares, n float64
	for b := max(first, end-f.width+1); b < end; b++ {
		w := math.Pow(f.decay, float64(end-1-b))
		weights, sum, squares, n = weights+w, sum+w*counts[b], squares+w*counts[b]*counts[b], n+1
	}
	mean := sum / weights
	return reading{mean, (counts[end] - mean) / math.Sqrt(squares/weights-mean*mean), n}
}

func TestEWMAAgainstDefinition(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 5))
		f := newFrame(Window{Kind: EWMA, Over: 20 * time.Second, Step: time.Second})
		c := f.newCell()
		var times []int64
		now := int64(0)
		for range 300 {
			now += int64(r.IntN(300))
			at := max(0, now-int64(r.IntN(3000)))
			times = append(times, at)
			c.add(f, at, sample{})
			got, _ := c.read(f, now)
			want := ewmaModel(f, times, now)
			if want[2] < 2 || !(math.Abs(want[1]) < mostZ) { // of no variance
				continue
			}
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-6 {
					t.Fatalf("seed %d: read(%d) = %v; want %v", seed, now, got, want)
				}
			}
		}
	}
}
