package main

import "testing"

// Measuring costs nothing that is measured: a goal is that nothing is
// allocated.
func TestMeasureCountsNothingOfItsOwn(t *testing.T) {
	for range 5 {
		if s, _ := measure(func() error { return nil }); s.allocs > 0 || s.bytes > 0 {
			t.Errorf("measure(nothing) = %d allocations of %d bytes; want none", s.allocs, s.bytes)
		}
	}
	keep := make([][]byte, 0, 100)
	s, _ := measure(func() error {
		for range 100 {
			keep = append(keep, make([]byte, 1<<10))
		}
		return nil
	})
	if s.allocs < 100 || s.allocs > 110 || s.bytes < 100<<10 || len(keep) != 100 {
		t.Errorf("measure(100 slices) = %d allocations of %d bytes; want 100 of 102400", s.allocs, s.bytes)
	}
}
