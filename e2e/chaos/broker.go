package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"time"

	"github.com/cordon-iot/cordon/e2e/chaos/wire"
)

// brokers are the nodes of a Kafka cluster, each behind a forwarder that goes
// by its name.
type brokers struct {
	nodes      []*instance
	addresses  []string // of the forwarders
	forwarders []*wire.Forwarder
	move       func(context.Context, *rand.Rand) (string, error) // makes another node a leader and says of what; nil with one node
	stop       func()
}

// startEmbedded starts the broker that cordon brings with it.
func (w *world) startEmbedded(ctx context.Context) error {
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	f, err := wire.Listen("127.0.0.1:0", listen, w.tap)
	if err != nil {
		return err
	}
	p, err := newProcess(w.dir, "broker", w.program("cordon"), nil, []string{
		"broker", "--data", filepath.Join(w.dir, "broker"), "--listen", listen, "--advertise", f.Addr,
		"--partitions", fmt.Sprint(partitions),
	}, w.died)
	if err != nil {
		return err
	}
	w.brokers = brokers{
		nodes: []*instance{{life: p, name: "broker", service: "broker"}}, addresses: []string{f.Addr},
		forwarders: []*wire.Forwarder{f}, stop: func() { _ = p.kill() },
	}
	if err := p.start(); err != nil {
		return err
	}
	return listens(ctx, listen)
}

// listens waits until somebody accepts connections at address.
func listens(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return poll(ctx, 50*time.Millisecond, func() error {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	})
}

// poll calls f until it returns nil; when ctx ends before, it returns the last
// error of f that is not the end of ctx.
func poll(ctx context.Context, every time.Duration, f func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := errors.New("no answer")
	for {
		err := f()
		if err == nil {
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		case <-tick.C:
		}
	}
}
