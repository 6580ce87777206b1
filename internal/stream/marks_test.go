package stream

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMarks(t *testing.T) {
	full := marks{}
	for _, topic := range []string{"site7.findings", "site7.actions"} {
		offs := make([]int64, 64)
		for p := range offs {
			offs[p] = 1<<34 + int64(p)*1_000_003
		}
		full[topic] = offs
	}
	for name, m := range map[string]marks{
		"none": {}, "one": {"events": {0, 5, 1 << 40, 7}}, "64 partitions of two topics": full, "topic without partitions": {"x": {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := m.encode()
			if len(s) > 2048 {
				t.Errorf("encode() = %d bytes; want at most 2 KB", len(s))
			}
			got, err := decodeMarks(s)
			if diff := cmp.Diff(m, got); err != nil || diff != "" {
				t.Errorf("decodeMarks(encode()) = %v; differs (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDecodeMarksRefuses(t *testing.T) {
	for _, s := range []string{"i:17", "o1:!", "o1://///w", marks{"events": {1, 2, 3}}.encode()[:12]} {
		if m, err := decodeMarks(s); err == nil {
			t.Errorf("decodeMarks(%q) = %v, nil; want an error", s, m)
		}
	}
}

func TestMarksRaise(t *testing.T) {
	m := marks{"events": {5, 5, 5}}
	m.raise("events", []int64{-1, 9, 3})
	m.raise("events", []int64{1, 1, 1, 7, -1, 8}) // partitions were added
	m.raise("other", []int64{1})
	if diff := cmp.Diff(marks{"events": {5, 9, 5, 7}}, m); diff != "" {
		t.Errorf("raise differs (-want +got):\n%s", diff)
	}
}

func FuzzDecodeMarks(f *testing.F) {
	f.Add(marks{"events": {1, 2, 3}, "rejected": {0}}.encode())
	f.Fuzz(func(t *testing.T, s string) {
		m, err := decodeMarks(s)
		if err != nil {
			return
		}
		again, err := decodeMarks(m.encode())
		if err != nil || !cmp.Equal(m, again) {
			t.Errorf("decodeMarks(%q) does not survive a round trip: %v, %v", s, m, err)
		}
	})
}
