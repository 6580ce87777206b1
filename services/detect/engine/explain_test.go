package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	p := mustLoad(t, one(plain+"\nwindows:\n  w: {kind: count, by: [input.device.uid], over: 1h}", `
observe contains "w" if startswith(input.s, "a")

findings contains {"summary": text, "evidence": evidence, "key": k} if {
	text := sprintf("%s", [input.s])
	evidence := {"ip": input.ip, "text": upper(text)}
	some k in input.keys
	input.class_uid == 4001
	n := input.o.n
	n > 5
	near(input.s)
	listed(input.s)
	input.windows.w.count >= 3
	some x in input.list
	x == 3
	every y in input.list { y > 1 }
	not input.ip in {"10.0.0.1"}
	lower(input.s) == "a"
	regex.replace(input.s, "a", "b") == "b"
	input.n == 1 with input.n as 2
}

near(s) if s in {"a", "b"}

listed(s) if s in input.list

listed(s) if {
	some e in input.list
	startswith(e, s)
}`))
	var got []string
	for _, l := range p.Policies[0].Explain() {
		by := "OPA"
		if l.Native {
			by = "native"
		}
		got = append(got, fmt.Sprintf("%s: %s", by, strings.TrimSpace(l.Text)))
	}
	want := []string{
		`native: startswith(input.s, "a")`,
		"native: text := sprintf(\"%s\", [input.s])",
		"native: upper(text)",
		"OPA: some k in input.keys",
		"native: input.class_uid == 4001",
		"native: n := input.o.n",
		"native: n > 5",
		"native: near(input.s)",
		"OPA: listed(input.s)",
		"native: input.windows.w.count >= 3",
		"OPA: some x in input.list",
		"OPA: x == 3",
		"OPA: every y in input.list { y > 1 }",
		`native: not input.ip in {"10.0.0.1"}`,
		`native: lower(input.s) == "a"`,
		`OPA: regex.replace(input.s, "a", "b") == "b"`,
		"OPA: input.n == 1 with input.n as 2",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Explain (-want +got):\n%s", d)
	}
}
