package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := NewShell(slog.New(slog.NewTextHandler(io.Discard, nil)))
		var up atomic.Bool
		up.Store(true)
		stop := sh.Watch(t.Context(), "kafka", func(context.Context) error {
			if up.Load() {
				return nil
			}
			return errors.New("down")
		})
		defer stop()
		for i, want := range []bool{true, false, true} {
			if i > 0 {
				up.Store(want)
				time.Sleep(probeEvery)
			}
			synctest.Wait()
			if parts, ready := sh.Health.State(); ready != want {
				t.Errorf("after probe %d: state = %+v; want ready %v", i, parts, want)
			}
		}
	})
}
