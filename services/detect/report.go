package detect

import (
	"errors"
	"log/slog"
	"sync"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// reporter logs what goes wrong in policies: of each policy the first error,
// the second, the fourth, the eighth and so on, and each that changes how the
// policy is treated from there on. The counters have all of them.
type reporter struct {
	log *slog.Logger

	mu     sync.Mutex
	errors map[string]int // by policy id
}

func newReporter(log *slog.Logger) *reporter {
	return &reporter{log: log, errors: map[string]int{}}
}

func (r *reporter) report(p *engine.Policy, ev cordon.EventID, err error) {
	r.mu.Lock()
	r.errors[p.ID]++
	n := r.errors[p.ID]
	r.mu.Unlock()
	var over *engine.OverrunError
	var wrong *engine.MismatchError
	what := "a policy was silent on an event because of an error"
	switch {
	case errors.As(err, &over) && over.Disables:
		what = "a policy is disabled in a partition: it took too long too often"
	case errors.As(err, &wrong):
		what = "a policy was decided wrongly without OPA"
	case n&(n-1) != 0:
		return
	}
	r.log.Error(what, "policy", p.ID, "package", p.Package, "event", string(ev), "errors", n, "err", err)
}
