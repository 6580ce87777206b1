package service

import (
	"log/slog"
	"testing"
)

func TestRestoring(t *testing.T) {
	sh := NewShell(slog.New(slog.DiscardHandler))
	for _, tt := range []struct {
		partitions int
		left       int64
		cause      string
	}{
		{3, 1_200_000, "restoring 3 partitions, 1200000 records left"},
		{1, 7, "restoring 1 partitions, 7 records left"},
		{0, 0, ""},
	} {
		sh.Restoring(tt.partitions, tt.left)
		parts, ready := sh.Health.State()
		if got := parts["state"].Cause; got != tt.cause || ready != (tt.cause == "") {
			t.Errorf("after Restoring(%d, %d): cause %q, ready %t; want %q", tt.partitions, tt.left, got, ready, tt.cause)
		}
	}
}
