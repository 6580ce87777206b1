package stream

import "testing"

func TestWritten(t *testing.T) {
	for _, tc := range []struct {
		name string
		seen seen
		want int64
	}{
		{"nothing", seen{}, 0},
		{"several", seen{{"findings", 7, "a"}: 1, {"findings", 12, "b"}: 2, {"rejected", 9, "c"}: 1}, 13},
	} {
		c := &Claim{Start: 5, a: &assignment{seen: tc.seen}}
		if got := c.Written(); got != tc.want {
			t.Errorf("%s: Written() = %d; want %d", tc.name, got, tc.want)
		}
	}
}
