package respond

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/cordon-iot/cordon"
)

// Waits between attempts. An apply is urgent and worth little later on, so it
// starts close and stays close; a release must come through some day.
const (
	steadyApplyWait  = 30 * time.Second
	firstReleaseWait = time.Second
	longestWait      = 5 * time.Minute // of a release, and the most that an enforcer can ask for
)

// applyWait is how long to wait after the failed attempt n, from 1:
// 1, 2, 5, 10, 20, 30 s and so on.
func applyWait(n int) time.Duration {
	switch n {
	case 1:
		return time.Second
	case 2:
		return 2 * time.Second
	case 3:
		return 5 * time.Second
	case 4:
		return 10 * time.Second
	case 5:
		return 20 * time.Second
	}
	return steadyApplyWait
}

// releaseWait is how long to wait after the failed attempt n, from 1:
// doubling from 1 s up to 5 min.
func releaseWait(n int) time.Duration {
	if n > 9 { // 1 s << 9 is past the longest
		return longestWait
	}
	return min(firstReleaseWait<<(n-1), longestWait)
}

// spread moves d by up to 20 % either way, so that operations which failed
// together do not come back together. It follows from the operation and the
// attempt, not from chance.
func spread(d time.Duration, op cordon.OpID, n int) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(op))
	h.Write([]byte(strconv.Itoa(n)))
	share := float64(h.Sum32()%4001)/10000 - 0.2 // -0.2 .. +0.2
	return d + time.Duration(share*float64(d))
}
