package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := NewShell(slog.New(slog.NewTextHandler(io.Discard, nil)))
		down := errors.New("down")
		var answer error
		stop := sh.Watch(t.Context(), "kafka", func(context.Context) error { return answer })
		defer stop()
		for i, want := range []error{nil, down, nil} {
			answer = want
			if i > 0 {
				time.Sleep(probeEvery)
			}
			synctest.Wait()
			if parts, ready := sh.Health.State(); ready != (want == nil) {
				t.Errorf("after probe %d: state = %+v; want ready %v", i, parts, want == nil)
			}
		}
	})
}
