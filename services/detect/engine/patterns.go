package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// patternOperands says which operand of a builtin is a pattern. What matching
// costs is bounded by the pattern times the text; the watchdog cannot stop it.
func patternOperands() map[string][]int {
	return map[string][]int{
		"regex.match": {0}, "regex.find_n": {0}, "regex.find_all_string_submatch_n": {0}, "regex.split": {0},
		"regex.replace": {1}, "regex.template_match": {0}, "regex.globs_match": {0, 1}, "glob.match": {0},
	}
}

// patterns refuses patterns that stand in an event: whoever sends it would
// choose what matching costs.
func (c *ruleCheck) patterns(r *ast.Rule) {
	known := patternOperands()
	call := func(terms []*ast.Term) {
		for _, i := range known[terms[0].String()] {
			if i+1 < len(terms) && ofInput(terms[i+1]) {
				c.bad(terms[i+1].Location, "the pattern of "+terms[0].String()+" comes from the event",
					"write the pattern into the policy or into "+siteFolder+"/<name>.yaml: who sends the event would choose how long it takes")
			}
		}
	}
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if terms, ok := e.Terms.([]*ast.Term); ok {
			call(terms)
		}
		return false
	})
	ast.WalkTerms(r, func(t *ast.Term) bool {
		if terms, ok := t.Value.(ast.Call); ok {
			call(terms)
		}
		return false
	})
}

// ofInput reports whether t mentions the event.
func ofInput(t *ast.Term) bool {
	found := false
	ast.WalkRefs(t, func(r ast.Ref) bool {
		found = found || r.HasPrefix(ast.InputRootRef)
		return found
	})
	return found
}
