package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// nested is a rule of n comprehensions in each other.
func nested(n int) string {
	return "x := " + strings.Repeat("[y | y := ", n) + "[1]" + strings.Repeat("[_]]", n)
}

// chain is n rules, each of which reads the one before.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("r0 := 1\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d := r%d + 1\n", i+1, i)
	}
	return b.String()
}

// What costs OPA's compiler seconds to hours is refused before OPA sees it, at
// its place. The limits of time are those of the test alone: it ends at once.
func TestDearPoliciesAreRefused(t *testing.T) {
	brackets := func(open, end string) string {
		return "x := " + strings.Repeat(open, 40) + "1" + strings.Repeat(end, 40)
	}
	tests := []struct {
		name, rules, want string
	}{
		{"192 bytes of comprehensions", nested(16), "a/b/policy.rego:10:"},
		{"five comprehensions", nested(5), "comprehensions or every in each other"},
		{"every in every", "x if { " + strings.Repeat("every y in [1] { ", 5) + "y" + strings.Repeat(" }", 5) + " }", "comprehensions or every in each other"},
		{"a chain of 3,000 rules", chain(3000), "3002 rules, more than 500"},
		{"20,000 rules", strings.Repeat("y if 1 > 2\n", 20_000), "bytes, more than 65536"},
		{"arrays", brackets("[", "]"), "a/b/policy.rego:10: more than 32 brackets in each other"},
		{"objects", brackets(`{"a":`, "}"), "more than 32 brackets"},
		{"parentheses", brackets("(", ")"), "more than 32 brackets"},
		{"a lie about a string", "# \" \n" + brackets("(", ")"), "a/b/policy.rego:11: more than 32 brackets"},
		{"a lie about a raw string", "z := \"`\"\n" + brackets("(", ")"), "a/b/policy.rego:11: more than 32 brackets"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(context.Background(), one(plain, tc.rules+"\n"+ok), LoadOptions{})
			var problems Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load = %v; want %q", err, tc.want)
			}
		})
	}
}

func TestDearSharedModule(t *testing.T) {
	fsys := one(plain, "import data.lib.deep\nfindings contains \"x\" if deep.x")
	fsys["lib/deep.rego"] = folder("x", "package lib.deep\n\n"+nested(9))["x"]
	fsys["a/c/policy.rego"] = folder("x", policyText("a.c", "id: CRD-0002\nseverity: low\nresponse: alert", ok))["x"]
	pack, err := Load(context.Background(), fsys, LoadOptions{KeepGoing: true})
	if err != nil || len(pack.Policies) != 1 || len(pack.Problems) != 2 || pack.Problems[1].File != "lib/deep.rego" {
		t.Errorf("Load = %d policies, %v, %v; want one, and problems of a/b and lib/deep", len(pack.Policies), pack.Problems, err)
	}
}

// What people write is far from the limits.
func TestLimitsAreWide(t *testing.T) {
	for _, rules := range []string{
		nested(4),
		chain(490),
		"x := " + strings.Repeat("[", 30) + "1" + strings.Repeat("]", 30),
		"s := \"" + strings.Repeat("(", 100) + "\"\n# " + strings.Repeat("[", 100) + "\nr := `\n" + strings.Repeat("{", 100) + "`",
	} {
		if _, err := Load(context.Background(), one(plain, rules+"\n"+ok), LoadOptions{}); err != nil {
			t.Errorf("Load = %v; want nothing wrong", err)
		}
	}
}
