package detect

import (
	"testing"

	"github.com/cordon-iot/cordon/services/detect/check"
)

// TestPoliciesAskOPA says, with -v, which conditions of the policies only OPA
// decides. None asks it about every event.
func TestPoliciesAskOPA(t *testing.T) {
	p := loadPolicies(t)
	for _, f := range check.AskOPA(p) {
		t.Log(f)
	}
	failAll(t, check.EveryEvent(p))
}
