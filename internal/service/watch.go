package service

import (
	"context"
	"errors"
	"time"
)

const (
	probeEvery   = 5 * time.Second
	probeTimeout = 4 * time.Second
)

// Watch keeps the part name of sh's health as probe finds it, every 5 s, until
// stop is called or ctx ends. Until the first probe the part is not ready.
func (sh *Shell) Watch(ctx context.Context, name string, probe func(context.Context) error) (stop func()) {
	sh.Health.Set(name, errors.New("not checked yet"))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(probeEvery)
		defer tick.Stop()
		for {
			sh.probe(ctx, name, probe)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (sh *Shell) probe(ctx context.Context, name string, probe func(context.Context) error) {
	bounded, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := probe(bounded)
	if ctx.Err() == nil {
		sh.Health.Set(name, err)
	}
}
