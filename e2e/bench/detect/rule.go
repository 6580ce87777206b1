package main

import (
	"fmt"
	"slices"
	"strings"
)

// rule is a rule before it is put into Rego: its lines are about {names}, see
// form.
type rule struct {
	number   int
	class    class
	anyClass bool     // it does not ask for the class
	lines    []string // besides the class
	shown    []string // what the summary tells
	fire     func(*fact)
}

// rules draws n rules about s. The first of them are the same whatever n is.
func (g *gen) rules(s *site, n int) []rule {
	kinds := templates()
	g.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	var out []rule
	for i := range n {
		r := kinds[i%len(kinds)](g, s)
		r.number, r.anyClass = i, (i+i/len(kinds))%10 == 7 // a tenth, of every template in turn
		out = append(out, r)
	}
	return out
}

// pkg is the package of r's policy.
func (r rule) pkg() string { return fmt.Sprintf("policies.%s.r%04d", r.class.info().name, r.number) }

// rego is r as a rule of the set findings.
func (r rule) rego(f form) string {
	var b strings.Builder
	format := strings.Repeat(" %v", len(r.shown))
	fmt.Fprintf(&b, "findings contains {\"summary\": sprintf(\"r%04d:%s\", [%s])} if {\n", r.number, format, f.text(strings.Join(r.shown, ", ")))
	for _, line := range slices.Concat(f.class(r.class, r.anyClass), r.lines) {
		fmt.Fprintf(&b, "\t%s\n", f.text(line))
	}
	b.WriteString("}\n")
	return b.String()
}

// policy is a file policy.rego: METADATA, with the given lines below custom,
// and rules.
func policy(pkg string, number int, custom, rules string) string {
	return fmt.Sprintf("# METADATA\n# title: Rule %d\n# description: One of many.\n# custom:\n#   id: CRD-%04d\n#   severity: low\n#   response: alert\n%spackage %s\n\n%s",
		number, number, custom, pkg, rules)
}

// file is where the policy of a package stands.
func file(pkg string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pkg, "policies."), ".", "/") + "/policy.rego"
}

// lib is the Rego that rules share.
func lib() string {
	return `package lib.addr

private(ip) if net.cidr_contains("10.0.0.0/8", ip)

private(ip) if net.cidr_contains("192.168.0.0/16", ip)
`
}
