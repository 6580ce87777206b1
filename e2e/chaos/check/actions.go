package check

// States of an action that the checker tells apart.
const (
	applyIntended   = "apply_intended"
	applied         = "applied"
	releaseIntended = "release_intended"
	released        = "released"
	applyFailed     = "apply_failed"
)

// chain is what the log says about one action.
type chain struct {
	finding, device string
	states          map[string]bool
	last            string
}

// actions: each finding that asks for a quarantine has its action, which was
// applied, acknowledged, and ended; webhooks have an intent in the log, and one
// effect; nobody is held in the end.
func (r *Report) actions(h History) {
	r.looked(Lost, "quarantines")
	r.looked(Lost, "acknowledgements")
	r.looked(Unseen, "quarantines")
	r.looked(Open, "quarantines")
	r.looked(Unseen, "webhooks")
	r.looked(Duplicated, "effects of webhooks")
	r.looked(Reordered, "effects of webhooks")
	chains, ops := r.fold(h.Steps)
	wanted := map[string]bool{}
	acted := map[string]bool{}
	for _, c := range chains {
		acted[c.finding] = true
	}
	for _, f := range h.Findings {
		if !f.Quarantine || wanted[f.ID] {
			continue
		}
		wanted[f.ID] = true
		if !acted[f.ID] {
			r.found(Lost, "quarantines", "finding %s of %s has no action", f.ID, f.Key)
		}
	}
	for _, id := range sortedKeys(chains) {
		r.ended(id, chains[id], wanted)
	}
	r.deliveries(h, ops)
}

// fold counts steps that stand there twice and puts the others in their chains.
// ops are the operations that were intended.
func (r *Report) fold(steps []Step) (chains map[string]*chain, ops map[string]bool) {
	chains, ops = map[string]*chain{}, map[string]bool{}
	seen := map[string]bool{}
	for _, s := range steps {
		if seen[s.ID] {
			r.Wire[s.Topic]++
			continue
		}
		seen[s.ID] = true
		c := chains[s.Action]
		if c == nil {
			c = &chain{finding: s.Finding, device: s.Device, states: map[string]bool{}}
			chains[s.Action] = c
		}
		c.states[s.State], c.last = true, s.State
		if s.State == applyIntended || s.State == releaseIntended {
			ops[s.Op] = true
		}
	}
	return chains, ops
}

func (r *Report) ended(id string, c *chain, wanted map[string]bool) {
	const of = "quarantines"
	if !wanted[c.finding] {
		r.found(Unseen, of, "action %s of %s follows from no finding", id, c.device)
	}
	switch {
	case c.last == applyIntended || c.last == applied || c.last == releaseIntended:
		r.found(Open, of, "action %s of %s ends with %s", id, c.device, c.last)
	case !c.states[applied]:
		r.found(Lost, "acknowledgements", "action %s of %s was not applied while its lease lasted", id, c.device)
	case !c.states[released]:
		r.found(Open, of, "action %s of %s was applied and never released", id, c.device)
	default:
		r.Counts["quarantines acknowledged and released"]++
	}
	if c.states[applyFailed] {
		r.Counts["quarantines that failed"]++
	}
}

func (r *Report) deliveries(h History, ops map[string]bool) {
	effects := map[string]int{}
	released := map[string]bool{} // devices
	for _, d := range h.Deliveries {
		if !ops[d.Op] {
			r.found(Unseen, "webhooks", "operation %s on %s has no intent in the log", d.Op, d.Device)
		}
		if d.Duplicate {
			r.Counts["webhooks delivered again"]++
			continue
		}
		if effects[d.Op]++; effects[d.Op] == 2 {
			r.found(Duplicated, "effects of webhooks", "operation %s on %s", d.Op, d.Device)
		}
		if d.Apply && released[d.Device] {
			r.found(Reordered, "effects of webhooks", "%s was contained by %s after its release", d.Device, d.Op)
		}
		released[d.Device] = released[d.Device] || !d.Apply
	}
	for _, device := range sortedKeys(h.Contained) {
		if h.Contained[device] {
			r.found(Open, "quarantines", "the receiver still holds %s", device)
		}
	}
}
