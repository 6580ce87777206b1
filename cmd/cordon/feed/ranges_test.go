package feed

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func sentAt(offsets ...int64) Ranges {
	r := Ranges{}
	for _, o := range offsets {
		r.add([]cordon.Position{{Topic: "raw.eve", Partition: 2, Offset: o}})
	}
	return r
}

func TestRanges(t *testing.T) {
	r := sentAt(3, 4, 5, 8, 10, 11)
	if diff := cmp.Diff(Ranges{2: {{3, 5}, {8, 8}, {10, 11}}}, r); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if got := r.size(); got != 6 {
		t.Errorf("size = %d; want 6", got)
	}
	if got := r.span(2); got != (Range{3, 11}) {
		t.Errorf("span = %v; want 3 to 11", got)
	}
	for o, want := range map[int64]bool{2: false, 3: true, 4: true, 5: true, 6: false, 8: true, 9: false, 11: true, 12: false} {
		if got := r.has(cordon.Position{Partition: 2, Offset: o}); got != want {
			t.Errorf("has(%d) = %v; want %v", o, got, want)
		}
	}
	if r.has(cordon.Position{Partition: 1, Offset: 3}) {
		t.Error("has(another partition) = true; want false")
	}
}

func TestLedger(t *testing.T) {
	l := newLedger("raw.eve", sentAt(3, 4, 70, 200))
	for _, c := range []struct {
		topic       string
		offset      int64
		ours, again bool
	}{
		{"raw.eve", 4, true, false},
		{"raw.eve", 4, true, true},
		{"raw.eve", 200, true, false},
		{"raw.eve", 5, false, false},
		{"raw.zeek", 3, false, false},
	} {
		if ours, again := l.tick(cordon.Position{Topic: c.topic, Partition: 2, Offset: c.offset}); ours != c.ours || again != c.again {
			t.Errorf("tick(%s %d) = %v, %v; want %v, %v", c.topic, c.offset, ours, again, c.ours, c.again)
		}
	}
	if diff := cmp.Diff(map[int]Range{2: {3, 70}}, l.spans()); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}
