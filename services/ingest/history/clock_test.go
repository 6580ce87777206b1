package history

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func TestMilli(t *testing.T) {
	for _, c := range []struct {
		name string
		in   time.Time
		want int64
	}{
		{"none", time.Time{}, 0},
		{"usual", time.UnixMilli(1772452800250), 1772452800250},
		{"before 1970", time.UnixMilli(-1), -1},
		{"too early", time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC), minMilli},
		{"too late", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), maxMilli},
	} {
		if got := milli(c.in); got != c.want {
			t.Errorf("%s: milli(%v) = %d; want %d", c.name, c.in, got, c.want)
		}
	}
}

func TestDays(t *testing.T) {
	day := func(n int) time.Time { return time.Date(1970, 1, 1+n, 23, 0, 0, 0, time.UTC) }
	var many []time.Time
	var median []uint16
	for i := range maxDays + 2 {
		many = append(many, day(20000+i))
		median = append(median, 20000+(maxDays+2)/2)
	}
	for _, c := range []struct {
		name string
		in   []time.Time
		want []uint16
	}{
		{"midnight between", []time.Time{day(20514), day(20515)}, []uint16{20514, 20515}},
		{"out of range", []time.Time{{}, time.UnixMilli(-1), day(1 << 20)}, []uint16{0, 0, 65535}},
		{"more than anyone believes", many, median},
	} {
		batch := make([]cordon.Record, len(c.in))
		for i, at := range c.in {
			batch[i].Time = at
		}
		if diff := cmp.Diff(c.want, days(batch, nil)); diff != "" {
			t.Errorf("%s: days() (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestTiers: what says how a device stands is kept longest.
func TestTiers(t *testing.T) {
	for class, want := range map[string]int16{
		"network_activity": 30, "dns_activity": 30, "authentication": 90, "patch_state": 365, "anything else": 30,
	} {
		if got := tier(class); got != want {
			t.Errorf("tier(%s) = %d; want %d", class, got, want)
		}
	}
}
