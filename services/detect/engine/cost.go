package engine

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// costBuckets bound what is known of how evaluations are spread over time:
// four to each doubling from a microsecond on, which tells a quantile to within
// a fifth, for 800 bytes a policy.
const (
	costSteps   = 4
	costBuckets = 25 * costSteps // up to 33 s
)

// Cost is what the evaluations of one policy by OPA took. Several goroutines
// may add to it.
type Cost struct {
	sum     atomic.Int64 // nanoseconds
	buckets [costBuckets]atomic.Int64
}

// Add notes an evaluation that took d.
func (c *Cost) Add(d time.Duration) {
	c.sum.Add(int64(d))
	c.buckets[costBucket(d)].Add(1)
}

// costBucket is the number of the bucket of d: the doubling, and the quarter
// of it.
func costBucket(d time.Duration) int {
	quarters := uint64(max(0, d)) * costSteps / uint64(time.Microsecond)
	if quarters < costSteps {
		return 0
	}
	doubling := bits.Len64(quarters) - 1 // at least 2
	step := int(quarters>>(doubling-2)) & (costSteps - 1)
	return min((doubling-2)*costSteps+step, costBuckets-1)
}

// costBound is the end of bucket i.
func costBound(i int) time.Duration {
	doubling, step := i/costSteps, i%costSteps
	return time.Duration(costSteps+step+1) << doubling * time.Microsecond / costSteps
}

// Sum returns how much time there was in all, and in how many evaluations.
func (c *Cost) Sum() (sum time.Duration, n int64) {
	for i := range c.buckets {
		n += c.buckets[i].Load()
	}
	return time.Duration(c.sum.Load()), n
}

// Quantile returns a time that the share q of the evaluations did not exceed;
// 0 if there were none.
func (c *Cost) Quantile(q float64) time.Duration {
	_, n := c.Sum()
	if n == 0 {
		return 0
	}
	rank := max(1, int64(math.Ceil(q*float64(n))))
	for i := range c.buckets {
		if rank -= c.buckets[i].Load(); rank <= 0 {
			return costBound(i)
		}
	}
	return costBound(costBuckets - 1)
}

// costs measures until the function that it returns is called.
func (e *Engine) costs(r *run) (done func()) {
	if e.now == nil {
		return func() {}
	}
	start := e.now()
	return func() { r.counts.Cost.Add(e.now().Sub(start)) }
}
