package engine

import (
	"testing"
	"time"
)

func TestCostQuantile(t *testing.T) {
	var c Cost
	if got := c.Quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing = %v; want 0", got)
	}
	for i := 1; i <= 1000; i++ {
		c.Add(time.Duration(i) * 10 * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0: 10 * time.Microsecond, 0.5: 5 * time.Millisecond, 0.99: 9900 * time.Microsecond, 1: 10 * time.Millisecond} {
		if got := c.Quantile(q); got < want || got > want*5/4 {
			t.Errorf("Quantile(%v) = %v; want %v, or up to a quarter more", q, got, want)
		}
	}
	if sum, n := c.Sum(); n != 1000 || sum != 5005*time.Millisecond {
		t.Errorf("Sum = %v, %d; want 5.005s, 1000", sum, n)
	}
}

func TestCostBuckets(t *testing.T) {
	last := -1
	for d := time.Duration(-1); d < 100*time.Second; d = d*9/8 + 1 {
		i := costBucket(d)
		if i < last || i >= costBuckets || d > costBound(i) && i < costBuckets-1 {
			t.Fatalf("costBucket(%v) = %d up to %v, after %d; want it ascending, and within", d, i, costBound(i), last)
		}
		last = i
	}
}

// Time is taken only when OPA is asked.
func TestCostOfPolicies(t *testing.T) {
	counts, clock := NewCounts(), day
	e := New(auditedFolder(t), Options{Audit: -1, Counts: counts, Now: func() time.Time {
		clock = clock.Add(time.Millisecond)
		return clock
	}})
	summaries(t, e, numbered(8)...)
	if sum, n := counts.policies["CRD-0001"].Cost.Sum(); n != 3 || sum != 3*time.Millisecond {
		t.Errorf("cost = %v over %d evaluations; want 3ms over 3", sum, n)
	}
	if took := clock.Sub(day); took != 10*time.Millisecond {
		t.Errorf("the clock was read %v times; want 10", took/time.Millisecond)
	}
}
