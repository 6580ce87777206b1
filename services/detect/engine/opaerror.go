package engine

import (
	"errors"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// parseProblems turns an error of OPA's parser into problems of file.
func parseProblems(file string, err error) Problems {
	return opaProblems(file, err, builtins{})
}

// opaProblems turns errors of OPA's parser or compiler into problems; those
// without a place of their own are said of file.
func opaProblems(file string, err error, b builtins) Problems {
	var errs ast.Errors
	var one *ast.Error
	if errors.As(err, &one) {
		errs = ast.Errors{one}
	} else if !errors.As(err, &errs) {
		return Problems{{File: file, Cause: oneLine(err.Error()), Next: "run opa check --strict on the file"}}
	}
	out := make(Problems, 0, len(errs))
	for _, e := range errs {
		p := Problem{File: file, Cause: oneLine(withoutLine(e.Message)), Next: nextFor(e)}
		if e.Location != nil && e.Location.Row > 0 {
			p.Line, p.Column = e.Location.Row, e.Location.Col
			if e.Location.File != "" {
				p.File = e.Location.File
			}
		}
		out = append(out, undefinedBuiltin(p, b))
	}
	return out
}

// withoutLine cuts the line that the YAML parser names: it counts from the
// METADATA block, while OPA's location counts from the top of the file.
func withoutLine(s string) string {
	rest, ok := strings.CutPrefix(s, "yaml: line ")
	if !ok {
		return s
	}
	_, rest, _ = strings.Cut(rest, ": ")
	return "METADATA: " + rest
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func nextFor(e *ast.Error) string {
	switch e.Code {
	case ast.ParseErr:
		if strings.HasPrefix(e.Message, "yaml: ") {
			return "correct the METADATA block: it is YAML behind \"# \""
		}
		return "opa fmt shows where the syntax ends"
	case ast.UnsafeVarErr:
		return "give it a value first, with := or some ... in"
	case ast.RecursionErr:
		return "a rule must not use itself"
	case ast.TypeErr:
		return "compare the operands with the function's declaration in OPA's documentation"
	}
	return "run opa check --strict on the file"
}

// undefinedBuiltin says why a builtin is refused instead of that it is
// undefined.
func undefinedBuiltin(p Problem, b builtins) Problem {
	name, ok := strings.CutPrefix(p.Cause, "undefined function ")
	if !ok {
		return p
	}
	if reason, ok := b.refused[name]; ok {
		p.Cause = "builtin " + name + " is not allowed"
		p.Next = reason
		return p
	}
	if s := suggest(name, b.allowed); s != "" {
		p.Next = "did you mean " + s + "?"
		return p
	}
	p.Next = "builtins that policies may use are listed in services/detect/engine/builtins.txt"
	return p
}
