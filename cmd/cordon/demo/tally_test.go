package demo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func TestTally(t *testing.T) {
	t0 := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	y := newTally()
	y.finding(cordon.Finding{ID: "f1", Policy: cordon.PolicyRef{ID: "CRD-0001", Title: "scan"}}, t0)
	y.finding(cordon.Finding{ID: "f2", Policy: cordon.PolicyRef{ID: "CRD-0001", Title: "scan"}}, t0)
	step := func(id cordon.ActionID, f cordon.FindingID, s cordon.ActionState, after time.Duration) (time.Duration, bool) {
		return y.action(cordon.Action{ID: id, Finding: f, State: s, At: t0.Add(after)})
	}
	step("a1", "f1", cordon.ApplyIntended, 5*time.Millisecond)
	if since, ok := step("a1", "f1", cordon.Applied, 9*time.Millisecond); since != 9*time.Millisecond || !ok {
		t.Errorf("time of an applied action = %v, %v; want 9 ms", since, ok)
	}
	if _, ok := step("a2", "unseen", cordon.Applied, time.Second); ok {
		t.Error("time of an action whose finding was not seen is known; want not")
	}
	step("a3", "f2", cordon.ApplyFailed, time.Second)
	if y.open() != 2 || y.released() != 0 {
		t.Errorf("open, released = %d, %d; want 2, 0", y.open(), y.released())
	}
	step("a1", "f1", cordon.ReleaseIntended, time.Minute)
	step("a1", "f1", cordon.Released, time.Minute)
	if y.open() != 1 || y.released() != 1 {
		t.Errorf("open, released after a release = %d, %d; want 1, 1", y.open(), y.released())
	}
	if diff := cmp.Diff([]time.Duration{9 * time.Millisecond}, y.acks); diff != "" {
		t.Errorf("acknowledgements (-want +got):\n%s", diff)
	}
}

func TestQuantile(t *testing.T) {
	ms := func(n ...int) (d []time.Duration) {
		for _, x := range n {
			d = append(d, time.Duration(x)*time.Millisecond)
		}
		return d
	}
	for _, c := range []struct {
		name string
		d    []time.Duration
		q    float64
		want time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", ms(7), 0.99, 7 * time.Millisecond},
		{"median of three", ms(9, 1, 5), 0.5, 5 * time.Millisecond},
		{"p99 of three", ms(9, 1, 5), 0.99, 9 * time.Millisecond},
		{"least", ms(9, 1, 5), 0, time.Millisecond},
	} {
		if got := quantile(c.d, c.q); got != c.want {
			t.Errorf("%s: quantile = %v; want %v", c.name, got, c.want)
		}
	}
}

func TestPlan(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 500, time.UTC)
	p, err := Options{}.plan(now, 2000)
	if err != nil || !p.Start.Equal(now.Truncate(time.Second).Add(-time.Hour)) || p.Round != 2000 {
		t.Errorf("plan = %+v, %v; want an hour ago, round 2000", p, err)
	}
	p, err = Options{Start: "2026-01-01T00:00:00Z"}.plan(now, 2000)
	if err != nil || !p.Start.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) || p.Round != 0 {
		t.Errorf("plan with a start = %+v, %v; want that start and round 0, which give the same bytes", p, err)
	}
	if n := next(p); !n.Start.Equal(p.Start.Add(time.Hour)) || n.Round != 1 {
		t.Errorf("next = %+v; want right after the first", n)
	}
	if _, err := (Options{Start: "now"}).plan(now, 0); err == nil {
		t.Error("plan(now) = nil; want an error")
	}
}
