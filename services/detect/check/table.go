package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// Table is the list of the policies of p for people, as Markdown.
func Table(p *engine.Pack) string {
	policies := slices.Clone(p.Policies)
	slices.SortFunc(policies, func(a, b *engine.Policy) int { return strings.Compare(a.ID, b.ID) })
	var b strings.Builder
	b.WriteString("| id | policy | looks for | severity | response | ATT&CK | status |\n|---|---|---|---|---|---|---|\n")
	for _, q := range policies {
		fmt.Fprintf(&b, "| %s | [%s](%s) | %s | %s | %s | %s | %s |\n",
			q.ID, strings.TrimPrefix(q.Package, "policies."), q.File, q.Title,
			strings.ToLower(q.Severity.String()), response(q), strings.Join(q.Attack, ", "), q.Status)
	}
	return b.String()
}

func response(p *engine.Policy) string {
	if p.Response == cordon.Quarantine && p.Lease > 0 {
		lease := p.Lease.String() // 1h30m0s
		for _, zero := range []string{"m0s", "h0m"} {
			if rest, ok := strings.CutSuffix(lease, zero); ok {
				lease = rest + zero[:1]
			}
		}
		return "quarantine for " + lease
	}
	return string(p.Response)
}

// Lines between which the list stands in policies/README.md.
const (
	TableBegin = "<!-- policies: made from METADATA by go test ./services/detect -update; do not edit -->"
	TableEnd   = "<!-- end of policies -->"
)

// WithTable returns readme with the list of p in place of the one it has.
func WithTable(readme string, p *engine.Pack) (string, error) {
	before, rest, ok1 := strings.Cut(readme, TableBegin)
	_, after, ok2 := strings.Cut(rest, TableEnd)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("README has no lines %q and %q", TableBegin, TableEnd)
	}
	return before + TableBegin + "\n" + Table(p) + TableEnd + after, nil
}
