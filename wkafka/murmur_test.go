package wkafka

import "testing"

// The vectors are those of UtilsTest.testMurmur2 of Kafka's Java client.
func TestMurmur2(t *testing.T) {
	tests := []struct {
		in   string
		want int32
	}{
		{"21", -973932308},
		{"foobar", -790332482},
		{"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829},
		{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		{"abc", 479470107},
	}
	for _, tt := range tests {
		if got := int32(murmur2([]byte(tt.in))); got != tt.want {
			t.Errorf("murmur2(%q) = %d; want %d", tt.in, got, tt.want)
		}
	}
}

func TestPartitionOf(t *testing.T) {
	for _, n := range []int{1, 4, 64} {
		for _, key := range []string{"", "21", "foobar", "cam-7"} {
			if got := PartitionOf([]byte(key), n); got < 0 || got >= n {
				t.Errorf("PartitionOf(%q, %d) = %d; want 0 to %d", key, n, got, n-1)
			}
		}
	}
	// toPositive(murmur2) of the Java client clears the sign.
	if got := PartitionOf([]byte("21"), 1000); got != (-973932308&0x7fffffff)%1000 {
		t.Errorf("PartitionOf(%q, 1000) = %d; want %d", "21", got, (-973932308&0x7fffffff)%1000)
	}
}
