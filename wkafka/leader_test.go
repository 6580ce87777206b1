package wkafka

import (
	"context"
	"net"
	"testing"
	"time"
)

// piped is a link over memory, dialled within ctx.
func piped(t *testing.T, ctx context.Context) *link {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	a, b := net.Pipe()
	t.Cleanup(func() { _ = b.Close() })
	l := &link{net: a, cancel: cancel}
	l.stop = context.AfterFunc(ctx, func() { _ = a.SetDeadline(time.Unix(1, 0)) })
	return l
}

// TestKeep: a link that was made in time lasts, one that was not is an error.
func TestKeep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := piped(t, ctx)
	if err := l.keep(); err != nil {
		t.Fatal(err)
	}
	late := piped(t, ctx)
	cancel()
	if err := l.net.SetDeadline(time.Time{}); err != nil {
		t.Errorf("a link that was kept is closed when its context ends: %v", err)
	}
	if err := late.keep(); err == nil {
		t.Error("keep after the end of the context = nil; want an error")
	}
	if err := late.net.SetDeadline(time.Time{}); err == nil {
		t.Error("a link that came too late is open")
	}
}
