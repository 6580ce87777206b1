package engine

import (
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon"
)

// native is what is known of rule i of r without OPA: what the index says if it
// decides, else what the machine does.
func (e *Engine) native(r *run, i int) truth {
	if g := e.event.group; g != nil {
		if v := e.indexed(g, r.number, i); v == no || v == yes && i != findingsAt {
			return v
		}
	}
	return e.truth(r, i)
}

// indexed is what the index g says of one rule. It takes a look at all that
// may hold for the event.
func (e *Engine) indexed(g *group, rule, at int) truth {
	e.narrow(g)
	v := no
	for w, word := range e.gate.alive {
		for ; word != 0; word &= word - 1 {
			if m := &g.members[w*64+bits.TrailingZeros64(word)]; m.rule == rule && m.at == at {
				v = max(v, e.late(m))
			}
		}
	}
	return v
}

// unfiltered adds to found, what the index let pass, what the policies find
// that it no longer decides about.
func (e *Engine) unfiltered(ctx context.Context, found []cordon.Finding) []cordon.Finding {
	if e.doubted == 0 {
		return found
	}
	n := len(found)
	for i, r := range e.runs {
		if r.health.unfiltered {
			found = e.apply(ctx, e.touch(i), found)
		}
	}
	if len(found) > n {
		slices.SortStableFunc(found, func(a, b cordon.Finding) int { return strings.Compare(a.Policy.Package, b.Policy.Package) })
	}
	return found
}
