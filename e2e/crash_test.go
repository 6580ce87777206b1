package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// TestCrashes feeds the fleet's records, calmly, and then while what is in
// their way is killed with SIGKILL, again and again: what comes of them must be
// the same.
func TestCrashes(t *testing.T) {
	file := testdata.Shared(t, fleetFile)
	var calm outcome
	t.Run("calm", func(t *testing.T) {
		s := newStack(t)
		s.feed(file, "zeek")
		calm = s.outcome(fleetRecords)
	})
	t.Run("services", func(t *testing.T) { compare(t, calm, killServices(t, file)) })
	t.Run("broker", func(t *testing.T) {
		if os.Getenv(kafkatest.Env) != "" {
			t.Skip("SKIPPED: the broker is not a process of this test; the embedded broker's run covers it")
		}
		compare(t, calm, killBroker(t, file))
	})
}

func compare(t *testing.T, calm, crashed outcome) {
	t.Helper()
	if d := cmp.Diff(calm, crashed); d != "" {
		t.Errorf("crashes changed the outcome (-calm +crashed):\n%s", d)
	}
}

// killServices kills the services in turn. No webhook may have a second effect.
func killServices(t *testing.T, file string) outcome {
	t.Helper()
	s := newStack(t)
	wait := s.feedInBackground(file, "zeek")
	for i := range 9 {
		s.crashAfter([]*process{s.ingest, s.detect, s.respond}[i%3], int64(i+1)*fleetRecords/12)
	}
	wait()
	o := s.outcome(fleetRecords)
	s.checkFleet(3)
	t.Logf("webhooks: %+v", s.hook.Counts())
	return o
}

// killBroker kills the embedded broker. Nothing acknowledged may be lost, and
// nothing whose answer was lost may stand there twice.
func killBroker(t *testing.T, file string) outcome {
	t.Helper()
	s := newStack(t)
	wait := s.feedInBackground(file, "zeek")
	for i := range 3 {
		s.crashAfter(s.broker, int64(i+1)*10_000)
	}
	wait()
	s.checkOnce(s.topics.Raw("zeek"), func(r cordon.Record) (string, error) { return string(r.Value), nil })
	s.digested()
	s.checkOnce(s.topics.Events(), func(r cordon.Record) (string, error) {
		e, err := cordon.EventOf(r)
		return string(e.ID), err
	})
	return s.outcome(fleetRecords)
}

// checkOnce checks that no two records of topic are the same thing.
func (s *stack) checkOnce(topic string, identity func(cordon.Record) (string, error)) {
	s.t.Helper()
	seen := map[string]string{} // positions
	twice := 0
	s.each(topic, func(r cordon.Record) {
		id, err := identity(r)
		if err != nil {
			s.t.Error(err)
		}
		at := fmt.Sprintf("%d/%d", r.Position.Partition, r.Position.Offset)
		if first, ok := seen[id]; ok {
			if twice++; twice <= 3 {
				s.t.Errorf("%s: %.60q stands at %s and again at %s", topic, id, first, at)
			}
			return
		}
		seen[id] = at
	})
	if twice > 0 {
		s.t.Errorf("%s: %d of %d records stand there twice", topic, twice, len(seen)+twice)
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
