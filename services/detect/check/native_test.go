package check

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAskOPA(t *testing.T) {
	const iterates = `	input.n == 1
	some x in input.list
	x > 2
`
	text := strings.Replace(policy, "if input.n > data.site.limits.n\n", "if {\n"+iterates+"}\n", 1)
	tests := []struct {
		name, text        string
		asks, everyEvents int
	}{
		{"all native", policy, 0, 0},
		{"iteration", text, 2, 0},
		{"nothing but iteration", strings.Replace(text, "\tinput.n == 1\n", "", 1), 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, files("a/b/policy.rego", tt.text))
			asks, every := AskOPA(p), EveryEvent(p)
			if len(asks) != tt.asks || len(every) != tt.everyEvents {
				t.Errorf("AskOPA = %v, EveryEvent = %v; want %d and %d", asks, every, tt.asks, tt.everyEvents)
			}
		})
	}
	got := AskOPA(load(t, files("a/b/policy.rego", text)))[0].What
	if d := cmp.Diff("CRD-0001 asks OPA: some x in input.list", got); d != "" {
		t.Errorf("AskOPA (-want +got):\n%s", d)
	}
}
