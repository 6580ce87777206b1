package wkafka

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// slowStore is a store that takes a second for each commit.
type slowStore struct {
	stored []int64
	err    error
}

func (c *slowStore) store(ctx context.Context, m commit) error {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.stored = append(c.stored, m.next)
	return c.err
}

func TestCommitterSkipsToTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var co slowStore
		c := &committer{store: co.store}
		for n := range int64(5) {
			if err := c.later(t.Context(), commit{next: n}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := c.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{0, 4}, co.stored); diff != "" {
			t.Errorf("stored differs (-want +got):\n%s", diff)
		}
	})
}

func TestCommitterNowIsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var co slowStore
		c := &committer{store: co.store}
		for n := range int64(3) {
			if err := c.later(t.Context(), commit{next: n}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := c.now(t.Context(), commit{next: 7}); err != nil {
			t.Fatal(err)
		}
		if err := c.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{0, 7}, co.stored); diff != "" {
			t.Errorf("stored differs (-want +got):\n%s", diff)
		}
	})
}

func TestCommitterReportsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		co := slowStore{err: ErrFenced}
		c := &committer{store: co.store}
		if err := c.later(t.Context(), commit{next: 1}); err != nil {
			t.Fatal(err)
		}
		if err := c.flush(t.Context()); !errors.Is(err, ErrFenced) {
			t.Errorf("flush() = %v; want ErrFenced", err)
		}
		if err := c.later(t.Context(), commit{next: 2}); !errors.Is(err, ErrFenced) {
			t.Errorf("later(after a fenced commit) = %v; want ErrFenced", err)
		}
	})
}

// TestCommitterGrace ends the context while a commit is on its way.
func TestCommitterGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var co slowStore
		c := &committer{store: co.store}
		ctx, cancel := context.WithCancel(t.Context())
		if err := c.later(ctx, commit{next: 3}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		if err := c.flush(t.Context()); err != nil || len(co.stored) != 1 {
			t.Errorf("flush(after the end of the context) = %v, stored %v; want nil, [3]", err, co.stored)
		}
	})
}

func TestBackoffSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		began := time.Now()
		var at []time.Duration
		for time.Since(began) < 3*time.Minute {
			if b.speak() {
				at = append(at, time.Since(began).Round(time.Second))
			}
			b.wait(t.Context())
		}
		if len(at) != 3 || at[0] > 2*time.Second || at[1] < time.Minute {
			t.Errorf("spoke after %v; want at about 1 s and then once a minute", at)
		}
	})
}
