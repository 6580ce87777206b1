package wkafka

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBudget(t *testing.T) {
	var held [][2]int
	b := &budget{maxRecords: 10, maxBytes: 100, changed: func(r, n int) { held = append(held, [2]int{r, n}) }}
	for _, tt := range []struct {
		name           string
		records, bytes int
		fits           bool
	}{
		{"first", 4, 40, true},
		{"too many bytes", 1, 61, false},
		{"too many records", 7, 7, false},
		{"just fits", 6, 60, true},
		{"full", 1, 1, false},
	} {
		if got := b.try(tt.records, tt.bytes); got != tt.fits {
			t.Errorf("%s: try(%d, %d) = %t; want %t", tt.name, tt.records, tt.bytes, got, tt.fits)
		}
	}
	b.give(4, 40)
	b.give(6, 60)
	if !b.try(11, 1000) {
		t.Error("try(more than the budget, alone) = false; want true")
	}
	if diff := cmp.Diff([][2]int{{4, 40}, {10, 100}, {6, 60}, {0, 0}, {11, 1000}}, held); diff != "" {
		t.Errorf("held differs (-want +got):\n%s", diff)
	}
}

// queue has n records wait in b, and returns where the answer comes.
func (b *budget) queue(ctx context.Context, n int) <-chan error {
	got := make(chan error, 1)
	b.mu.Lock()
	before := len(b.waiting)
	b.mu.Unlock()
	go func() { got <- b.take(ctx, n, n) }()
	for waits := false; !waits; {
		b.mu.Lock()
		waits = len(b.waiting) > before
		b.mu.Unlock()
	}
	return got
}

func TestBudgetKeepsOrder(t *testing.T) {
	b := &budget{maxRecords: 10, maxBytes: 100}
	b.try(10, 10)
	ctx, leave := context.WithCancel(context.Background())
	large := b.queue(ctx, 9)
	small := b.queue(context.Background(), 2)
	b.give(5, 5)
	if b.try(1, 1) {
		t.Error("try() with others waiting = true; want false")
	}
	leave() // the small one does fit
	if err := <-large; !errors.Is(err, context.Canceled) {
		t.Errorf("take(given up) = %v; want %v", err, context.Canceled)
	}
	if err := <-small; err != nil {
		t.Errorf("take(2 of 5) = %v; want nil", err)
	}
	if b.records != 7 {
		t.Errorf("%d records held; want 7", b.records)
	}
}
