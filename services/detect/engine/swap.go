package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	opa "github.com/open-policy-agent/opa/v1/version"
)

// Inherit makes e remember what old does, as far as their policies are the
// same; e must not have seen an event, and old is of no use afterwards. What e
// remembers then is a function of the memory of old and of both packs.
//
// A window goes on when a policy of the same id declares it in the same way and
// observes the same for it: a policy whose findings rule was corrected knows
// what it knew. A finding is suppressed for one that was made before only if
// nothing in the policy changed, so that a corrected policy can speak at once;
// likewise a policy that was disabled stays so.
// Events that had been delivered before stay known.
func (e *Engine) Inherit(old *Engine) {
	e.recent = old.recent
	defer func() {
		_ = old.Close()
		e.recount()
	}()
	defer e.bound(e.mostBytes())
	before := make(map[string]*run, len(old.runs))
	for _, r := range old.runs {
		before[r.ID] = r
	}
	for _, r := range e.runs {
		if b := before[r.ID]; b != nil {
			r.inherit(b)
		}
	}
}

func (r *run) inherit(old *run) {
	if r.Digest == old.Digest {
		r.suppressWith(old.emitted)
		r.health, old.health = old.health, health{}
	}
	before := make(map[string]*windowState, len(old.windows))
	for i, w := range old.windows {
		before[old.identities[i]] = w
	}
	for i, w := range r.windows {
		if b := before[r.identities[i]]; b != nil {
			w.inherit(b)
		}
	}
}

// inherit takes over all that old remembers. What it is, how it is keyed and
// where it is counted stays that of s.
func (s *windowState) inherit(old *windowState) { s.remember(old.cells) }

// Form names what the form and meaning of a state depend on besides events and
// policies: limits, and the versions of this engine and of OPA.
func (e *Engine) Form() string {
	h := sha256.New()
	fmt.Fprintf(h, "engine %d opa %s recent %d bytes %d audit %d", stateVersion, opa.Version, len(e.recent.ids), e.mostBytes(), e.audit1in)
	if len(e.runs) > 0 {
		fmt.Fprintf(h, " keys %d", e.runs[0].emitted.most)
	}
	return hex.EncodeToString(h.Sum(nil))
}
