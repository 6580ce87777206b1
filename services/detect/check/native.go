package check

import (
	"fmt"
	"strings"

	"github.com/cordon-iot/cordon/services/detect/engine"
)

// AskOPA lists the conditions that are decided by OPA alone, of each policy
// that has any. Nothing is wrong with them; they are what a policy pays for on
// every event for which its other conditions hold.
func AskOPA(p *engine.Pack) []Failure {
	var out []Failure
	for _, q := range p.Policies {
		for _, l := range q.Explain() {
			if !l.Native {
				out = append(out, Failure{fmt.Sprintf("%s:%d", l.File, l.Number), fmt.Sprintf("%s asks OPA: %s", q.ID, strings.TrimSpace(l.Text))})
			}
		}
	}
	return out
}

// EveryEvent lists the policies that ask OPA about every event: none of their
// conditions is native.
func EveryEvent(p *engine.Pack) []Failure {
	var out []Failure
	for _, q := range p.Policies {
		native := 0
		for _, l := range q.Explain() {
			if l.Native {
				native++
			}
		}
		if native == 0 {
			out = append(out, Failure{q.File, q.ID + " asks OPA about every event; add a condition on a field, such as input.class_uid == 4001"})
		}
	}
	return out
}
