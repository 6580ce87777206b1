package e2e

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// TestKillEachService kills each service with SIGKILL, several times and in
// turn, while the fleet's records come in. What comes of them must be what
// comes of a run without crashes, and no webhook may have a second effect.
func TestKillEachService(t *testing.T) {
	file := testdata.Shared(t, fleetFile)
	var calm, crashed outcome
	t.Run("calm", func(t *testing.T) {
		s := newStack(t)
		s.feed(file, "zeek")
		calm = s.outcome(fleetRecords)
	})
	t.Run("crashed", func(t *testing.T) {
		s := newStack(t)
		wait := s.feedInBackground(file, "zeek")
		for i := range 9 {
			s.crashAfter([]*process{s.ingest, s.detect, s.respond}[i%3], int64(i+1)*fleetRecords/12)
		}
		wait()
		crashed = s.outcome(fleetRecords)
		s.checkFleet(3)
		t.Logf("webhooks: %+v", s.hook.Counts())
	})
	if d := cmp.Diff(calm, crashed); d != "" {
		t.Errorf("crashes changed the outcome (-calm +crashed):\n%s", d)
	}
}

// crashAfter kills p once the log holds at least events events.
func (s *stack) crashAfter(p *process, events int64) {
	s.t.Helper()
	eventually(s.t, 2*time.Minute, func() string { return "the feed stands still" }, func() bool {
		return s.records(s.topics.Events()) >= events
	})
	p.crash()
}

func (s *stack) feedInBackground(file, format string) (wait func()) {
	s.t.Helper()
	c := exec.Command(bin(s.t, "cordon"), "feed", file, "--format", format)
	c.Env = append(os.Environ(), s.env()...)
	out := &logBuffer{}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := c.Wait(); err != nil {
			s.t.Errorf("cordon feed %s: %v\n%s", file, err, out)
		}
	}
}
