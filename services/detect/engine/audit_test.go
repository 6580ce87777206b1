package engine

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func bytesReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }

// auditedFolder has two policies that are decided natively, and a window.
func auditedFolder(t *testing.T) *Pack {
	fsys := one(plain+"\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 1h}", `
observe contains "w" if input.n > 2
findings contains sprintf("n %d of %d", [input.n, input.windows.w.count]) if input.n > 4`)
	fsys["z/z/policy.rego"] = folder("x", policyText("z.z", "id: CRD-0002\nseverity: low\nresponse: alert", `findings contains sprintf("other %d", [input.n]) if input.n > 5`))["x"]
	return mustLoad(t, fsys)
}

func numbered(n int) (events []cordon.Event) {
	for i := range n {
		events = append(events, at(float64(i), fmt.Sprintf(`{"device":{"uid":"d"},"n":%d}`, i)))
	}
	return inOrder(events)
}

// mutants are native forms that are wrong in one policy.
func mutants() map[string]func(*Policy) {
	wrong := func(v truth) *program {
		if v == no {
			return &program{}
		}
		return &program{bodies: []body{{}}}
	}
	return map[string]func(*Policy){
		"findings are always no": func(p *Policy) { p.findings.native = wrong(no) },
		"observe is always no":   func(p *Policy) { p.observe[0].native = wrong(no) },
		"observe is always yes":  func(p *Policy) { p.observe[0].native = wrong(yes) },
	}
}

// mutated is auditedFolder with a fault in its first policy.
func mutated(t *testing.T, mutate func(*Policy)) *Pack {
	p := auditedFolder(t)
	mutate(p.Policies[0])
	p.index = newIndex(p.Policies, p.paths)
	return p
}

// The audit finds a native form that is wrong, on the event on which it would
// have done harm; from there on all is as OPA alone says.
func TestAuditCatchesMutants(t *testing.T) {
	want := summaries(t, New(auditedFolder(t), Options{Plain: true}), numbered(8)...)
	for name, mutate := range mutants() {
		t.Run(name, func(t *testing.T) {
			p := mutated(t, mutate)
			if got := summaries(t, New(p, Options{Audit: -1}), numbered(8)...); cmp.Equal(want, got) {
				t.Fatal("the mutant does no harm: the test is worth nothing")
			}
			counts := NewCounts()
			var reported []string
			e := New(p, Options{Audit: 1, Counts: counts, Report: func(p *Policy, ev cordon.EventID, err error) {
				if m := (*MismatchError)(nil); errors.As(err, &m) {
					reported = append(reported, p.ID+" "+string(ev))
				}
			}})
			if d := cmp.Diff(want, summaries(t, e, numbered(8)...)); d != "" {
				t.Errorf("findings (-OPA +audited):\n%s", d)
			}
			n := counts.policies["CRD-0001"]
			if n.Mismatches.Load() != 1 || len(reported) != 1 {
				t.Errorf("mismatches = %d, reported %q; want one", n.Mismatches.Load(), reported)
			}
			if other := counts.policies["CRD-0002"]; other.Mismatches.Load() != 0 || other.Candidates.Load() != 2 {
				t.Errorf("the other policy: %d mismatches, %d candidates; want 0 and 2", other.Mismatches.Load(), other.Candidates.Load())
			}
		})
	}
}

// A replay audits the same events, and a restored engine knows the outcome.
func TestAuditIsPartOfTheState(t *testing.T) {
	p := mutated(t, mutants()["findings are always no"])
	o := Options{Audit: 1}
	e := New(p, o)
	events := numbered(8)
	summaries(t, e, events[:6]...)
	restored := New(p, o)
	if err := restored.Restore(bytesReader(stateOf(t, e))); err != nil {
		t.Fatal(err)
	}
	want := summaries(t, e, events[6:]...)
	if d := cmp.Diff(want, summaries(t, restored, events[6:]...)); d != "" || len(want) != 4 {
		t.Errorf("findings (-same +restored):\n%s\nwant 4, have %d", d, len(want))
	}
	if New(p, Options{Audit: 2}).Digest() == e.Digest() {
		t.Error("the digest does not tell how much is audited")
	}
}

func TestAuditTakesAShare(t *testing.T) {
	counts := NewCounts()
	e := New(auditedFolder(t), Options{Audit: 50, Counts: counts})
	var events []cordon.Event
	for i := range 5000 {
		events = append(events, at(float64(i), fmt.Sprintf(`{"device":{"uid":"d"},"n":%d}`, -i)))
	}
	summaries(t, e, inOrder(events)...)
	// Of an event all three rules are audited, since there are so few.
	got := counts.policies["CRD-0001"].Audited.Load() + counts.policies["CRD-0002"].Audited.Load()
	if got < 3*70 || got > 3*130 {
		t.Errorf("audited %d rules over 5000 events; want about 3 on each of 100", got)
	}
}
