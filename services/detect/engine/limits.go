package engine

import (
	"bytes"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Limits of a Rego file. OPA's compiler has none: its time doubles with each
// comprehension inside another, and grows with the square of a chain of rules.
// They are the same everywhere, so that the same files make the same policies.
const (
	mostFileBytes      = 64 << 10
	mostFileRules      = 500
	mostNesting        = 32 // brackets in brackets
	mostComprehensions = 4  // in each other
)

// dearText says what of a file OPA must not even parse.
func dearText(file string, text []byte) Problems {
	if len(text) > mostFileBytes {
		return Problems{{File: file, Cause: fmt.Sprintf("%d bytes, more than %d", len(text), mostFileBytes),
			Next: "put lists into " + siteFolder + "/<name>.yaml, shared rules into " + libFolder + "/<name>.rego"}}
	}
	if line := deepest(text); line > 0 {
		return Problems{{File: file, Line: line, Cause: fmt.Sprintf("more than %d brackets in each other", mostNesting),
			Next: "give the inner parts names, as rules of their own"}}
	}
	return nil
}

// deepest returns the first line on which more brackets are open than allowed,
// or 0. Those in strings and comments count for nothing.
func deepest(text []byte) (line int) {
	line = 1
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			line++
		case '#':
			i += max(0, bytes.IndexByte(text[i:], '\n')-1)
		case '"', '`':
			end := stringEnd(text, i)
			line += bytes.Count(text[i:end], []byte("\n"))
			i = end
		case '(', '[', '{':
			if depth++; depth > mostNesting {
				return line
			}
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return 0
}

// stringEnd returns where the string that begins at i ends, or the end of the
// line if it does not, as the parser will say.
func stringEnd(text []byte, i int) int {
	quote := text[i]
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == quote:
			return j
		case text[j] == '\\' && quote == '"':
			j++
		case text[j] == '\n' && quote == '"':
			return j - 1
		}
	}
	return len(text) - 1
}

// dearModule says what of a file OPA must not compile.
func dearModule(file string, m *ast.Module) (bad Problems) {
	if n := len(m.Rules); n > mostFileRules {
		r := m.Rules[mostFileRules]
		bad = append(bad, Problem{File: file, Line: r.Location.Row, Cause: fmt.Sprintf("%d rules, more than %d", n, mostFileRules),
			Next: "put lists into " + siteFolder + "/<name>.yaml, shared rules into " + libFolder + "/<name>.rego"})
	}
	depth := 0
	before := func(x any) bool {
		at := closureAt(x)
		if at == nil {
			return false
		}
		if depth++; depth == mostComprehensions+1 {
			bad = append(bad, Problem{File: file, Line: at.Row, Column: at.Col,
				Cause: fmt.Sprintf("more than %d comprehensions or every in each other: each doubles what compiling costs", mostComprehensions),
				Next:  "give the inner ones names, as rules of their own"})
		}
		return false
	}
	after := func(x any) {
		if closureAt(x) != nil {
			depth--
		}
	}
	ast.NewBeforeAfterVisitor(before, after).Walk(m)
	return bad
}

// closureAt returns where x stands if it is a comprehension or an every.
func closureAt(x any) *ast.Location {
	switch v := x.(type) {
	case *ast.Term:
		switch v.Value.(type) {
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			return v.Location
		}
	case *ast.Every:
		return v.Location
	}
	return nil
}
