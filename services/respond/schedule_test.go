package respond

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func TestWaits(t *testing.T) {
	s := time.Second
	tests := []struct {
		name string
		wait func(int) time.Duration
		want []time.Duration
	}{
		{"apply", applyWait, []time.Duration{s, 2 * s, 5 * s, 10 * s, 20 * s, 30 * s, 30 * s, 30 * s}},
		{"release", releaseWait, []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 300 * s, 300 * s}},
	}
	for _, tt := range tests {
		var got []time.Duration
		for n := range tt.want {
			got = append(got, tt.wait(n+1))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s waits, -want +got:\n%s", tt.name, d)
		}
	}
	if got := releaseWait(1 << 30); got != longestWait {
		t.Errorf("releaseWait(1<<30) = %s; want %s", got, longestWait)
	}
}

func TestSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 1000 {
		op := cordon.OpID("op-" + strconv.Itoa(i))
		got := spread(10*time.Second, op, 3)
		if got < 8*time.Second || got > 12*time.Second || got != spread(10*time.Second, op, 3) {
			t.Fatalf("spread(10s, %s, 3) = %s; want the same within 8s and 12s", op, got)
		}
		seen[got] = true
	}
	if len(seen) < 500 {
		t.Errorf("1000 operations share %d waits; want them apart", len(seen))
	}
}
