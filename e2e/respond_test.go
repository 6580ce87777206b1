package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
)

// quarantineTelnet contains each device that somebody reaches by Telnet.
const quarantineTelnet = `# METADATA
# title: Telnet
# description: Each connection to port 23, for a test.
# custom:
#   id: CRD-9001
#   status: stable
#   severity: high
#   response: quarantine
#   attack: [T1021]
package policies.test.telnet

findings contains {"summary": "telnet"} if {
	input.class_uid == 4001
	input.dst_endpoint.port == 23
}
`

// held is a request whose answer waits.
type held struct {
	arrived chan struct{} // closed when the operation had its effect
	answer  chan struct{} // close it to let the answer go
}

// holdNext makes the receiver keep back its answer to the next delivery.
func (h *hook) holdNext() held {
	h.mu.Lock()
	defer h.mu.Unlock()
	hold := held{make(chan struct{}), make(chan struct{})}
	h.hold = &hold
	return hold
}

// takeHold returns what holdNext asked for, once.
func (h *hook) takeHold() *held {
	h.mu.Lock()
	defer h.mu.Unlock()
	hold := h.hold
	h.hold = nil
	return hold
}

// serve answers a delivery, late if that was asked for.
func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	hold := h.takeHold()
	if hold == nil {
		h.Receiver.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	h.Receiver.ServeHTTP(rec, r)
	close(hold.arrived)
	<-hold.answer
	w.WriteHeader(rec.Code)
}

// TestKillRespondMidOperation kills respond when the receiver has carried out
// a quarantine, and again a release, and the answer is still on its way: the
// same operation is delivered again, has no second effect, and the device is
// free in the end.
func TestKillRespondMidOperation(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "test/telnet"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "test/telnet/policy.rego"), quarantineTelnet)
	s := newStack(t, func(s *stack) {
		s.policies = dir
		s.leases = []string{"--lease", "25s", "--min-lease", "1s", "--max-lease", "25s"}
	})
	apply := s.hook.holdNext()
	s.append(s.topics.Raw("zeek"), "s1", telnet(1))
	s.killWhile(apply)
	s.await(cordon.Applied)
	release := s.hook.holdNext()
	s.killWhile(release)
	s.await(cordon.Released)

	want := []cordon.ActionState{cordon.ApplyIntended, cordon.Applied, cordon.ReleaseIntended, cordon.Released}
	if got := s.states(); !slices.Equal(got, want) {
		t.Errorf("steps in the log = %v; want %v", got, want)
	}
	if c := s.hook.Counts(); c.Distinct != 2 || c.Duplicates != 2 || c.Refused != 0 {
		t.Errorf("receiver: %+v; want 2 operations, each delivered once more", c)
	}
}

// killWhile kills respond when hold has arrived, and starts it again.
func (s *stack) killWhile(hold held) {
	s.t.Helper()
	select {
	case <-hold.arrived:
	case <-time.After(90 * time.Second):
		s.t.Fatalf("no delivery came; steps: %v", s.states())
	}
	s.respond.kill()
	close(hold.answer)
	s.respond.run()
}

func (s *stack) await(state cordon.ActionState) {
	s.t.Helper()
	eventually(s.t, 90*time.Second, func() string { return "no step " + string(state) }, func() bool {
		return slices.Contains(s.states(), state)
	})
}

// states are the steps that stand in the log.
func (s *stack) states() []cordon.ActionState {
	var all []cordon.ActionState
	s.each(s.topics.Actions(), func(r cordon.Record) {
		a, err := cordon.ActionOf(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		all = append(all, a.State)
	})
	return all
}
