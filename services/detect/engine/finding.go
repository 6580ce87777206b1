package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/cordon-iot/cordon"
)

// Fields of a finding as a rule writes it. A plain string is a summary.
const (
	summaryField  = "summary"  // one line for people
	evidenceField = "evidence" // object: what the rule saw
	keyField      = "key"      // tells findings of one policy apart, such as an address
)

const mostFindings = 20 // of one policy on one event

// match is one element of the set `findings`.
type match struct {
	summary  string
	key      string
	evidence map[string]any
}

// matchesOf reads the set that a findings rule made, in an order that depends
// on nothing but its elements.
func matchesOf(t *ast.Term) ([]match, error) {
	set, ok := t.Value.(ast.Set)
	if !ok {
		return nil, fmt.Errorf("%s is no set", findingsRule)
	}
	terms := slices.Clone(set.Slice())
	slices.SortFunc(terms, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
	if len(terms) > mostFindings {
		return nil, fmt.Errorf("%d findings on one event, more than %d: say what they have in common", len(terms), mostFindings)
	}
	out := make([]match, 0, len(terms))
	for _, t := range terms {
		m, err := matchOf(t)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// identify returns the key that tells the i-th of ms apart from the others on
// the same event: its own, with a number from the second one of that key on.
func identify(ms []match, i int) string {
	n := 1
	for _, m := range ms[:i] {
		if m.key == ms[i].key {
			n++
		}
	}
	if n == 1 {
		return ms[i].key
	}
	return ms[i].key + "#" + strconv.Itoa(n)
}

func matchOf(t *ast.Term) (match, error) {
	switch v := t.Value.(type) {
	case ast.String:
		return match{summary: string(v)}, nil
	case ast.Object:
		m := match{summary: text(v.Get(ast.StringTerm(summaryField))), key: text(v.Get(ast.StringTerm(keyField)))}
		if m.summary == "" {
			return m, errors.New("a finding without summary")
		}
		evidence := v.Get(ast.StringTerm(evidenceField))
		if evidence == nil {
			return m, nil
		}
		doc, err := ast.JSON(evidence.Value)
		if err != nil {
			return m, err
		}
		if m.evidence, _ = doc.(map[string]any); m.evidence == nil {
			return m, errors.New("evidence is no object")
		}
		return m, nil
	}
	return match{}, errors.New("a finding is neither an object nor a string")
}

// text is a string or number as text; anything else is none.
func text(t *ast.Term) string {
	if t == nil {
		return ""
	}
	switch v := t.Value.(type) {
	case ast.String:
		return string(v)
	case ast.Number:
		return string(v)
	}
	return ""
}

// finding returns the finding that p makes of m on ev; key is its identity
// among those of p on ev.
func (p *Policy) finding(ev *event, m match, key string) cordon.Finding {
	return cordon.Finding{
		ID:     cordon.NewFindingID(p.Digest, ev.Device, ev.ID, key),
		Policy: p.Ref(), Device: ev.Device, Zone: ev.zone(),
		Cause: ev.ID, CauseAt: ev.Position, Time: ev.Time,
		Severity: p.Severity, Response: p.Response, Lease: p.Lease,
		Summary: strings.TrimSpace(m.summary), Attack: p.Attack, Evidence: m.evidence,
	}
}

// zone is the network zone of the device as of the event.
func (e *event) zone() string {
	if t := e.find(Path{"device", "zone"}); t != nil {
		if s, ok := t.Value.(ast.String); ok {
			return string(s)
		}
	}
	return ""
}
