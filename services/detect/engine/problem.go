package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a folder of policies, told to the person who
// wrote it.
type Problem struct {
	File   string // relative to the folder of policies
	Line   int    // from 1; 0 if the file as a whole is meant
	Column int    // from 1; 0 if the line as a whole is meant
	Cause  string
	Next   string // what to do about it
}

// String is "file:line:column: cause; next step".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	b.WriteString(": ")
	b.WriteString(p.Cause)
	if p.Next != "" {
		b.WriteString("; ")
		b.WriteString(p.Next)
	}
	return b.String()
}

// Problems are all that is wrong with a folder of policies.
type Problems []Problem

// Error lists ps, one a line.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps)+1)
	lines = append(lines, fmt.Sprintf("%d problems in policies:", len(ps)))
	if len(ps) == 1 {
		lines[0] = "1 problem in policies:"
	}
	for _, p := range ps {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// sorted orders ps by place and drops what is said twice.
func (ps Problems) sorted() Problems {
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), strings.Compare(a.Cause, b.Cause))
	})
	return slices.Compact(out)
}
