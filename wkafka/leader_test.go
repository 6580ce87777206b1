package wkafka

import (
	"context"
	"errors"
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
	l := &link{net: a, raw: a, cancel: cancel}
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

// TestLose: a broker of which something was heard while it was asked is not
// given up, and of one that was no connection is used again.
func TestLose(t *testing.T) {
	l := newLiveness(Config{})
	defer l.stop()
	a, b := net.Pipe()
	defer b.Close()
	c := &liveConn{Conn: a, address: "broker", of: l}
	l.conns[c] = struct{}{}
	tick := func(n int) {
		for range n {
			l.listen()
		}
	}
	tick(probeTicks)
	go func() { _, _ = b.Write([]byte{1}) }()
	if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	tick(probeTicks) // at the first of them something had come
	if l.lose("broker") || l.hangs("broker") {
		t.Error("lose of a broker that was heard within the time of a probe; want that it is kept")
	}
	tick(1)
	if !l.lose("broker") || !l.hangs("broker") {
		t.Error("a broker of which nothing was heard for so long is not lost")
	}
	if err := c.SetDeadline(time.Now().Add(time.Hour)); !errors.Is(err, errHung) {
		t.Errorf("SetDeadline of a lost connection = %v; want %v", err, errHung)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, errHung) {
		t.Errorf("Read of a lost connection = %v; want %v", err, errHung)
	}
}
