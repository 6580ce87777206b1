package detect

import (
	"log/slog"
	"sync"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// reporter logs what goes wrong in policies: of each policy the first error,
// the second, the fourth, the eighth and so on. The counters have all of them.
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
	if n&(n-1) == 0 {
		r.log.Error("a policy was silent on an event because of an error",
			"policy", p.ID, "package", p.Package, "event", string(ev), "errors", n, "err", err)
	}
}
