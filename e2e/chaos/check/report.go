package check

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Kind is a kind of defect.
type Kind string

// Kinds, most of them by the names that Jepsen's checkers give them.
const (
	Lost       Kind = "lost"              // a cause without its effect
	Duplicated Kind = "duplicated"        // an effect twice
	Unseen     Kind = "unseen"            // an effect without a cause
	Changed    Kind = "changed"           // another effect than the cause has
	Regressed  Kind = "offset regression" // a committed offset went back
	Reordered  Kind = "order per key"     // effects in another order than their causes
	Open       Kind = "open"              // something that was to end did not
)

// Defect is what is wrong with one kind of thing.
type Defect struct {
	Kind     Kind     `json:"kind"`
	Of       string   `json:"of"`
	Count    int      `json:"count"`
	Examples []string `json:"examples,omitempty"`
}

// Report is what was found.
type Report struct {
	Defects []Defect       `json:"defects"` // all that were looked for, those without a case too
	Wire    map[string]int `json:"wire_duplicates"`
	Counts  map[string]int `json:"counts"`
}

// Failed reports whether there is any defect.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Defects, func(d Defect) bool { return d.Count > 0 })
}

const maxExamples = 10

// looked notes that a kind of defect was looked for.
func (r *Report) looked(k Kind, of string) *Defect {
	for i := range r.Defects {
		if d := &r.Defects[i]; d.Kind == k && d.Of == of {
			return d
		}
	}
	r.Defects = append(r.Defects, Defect{Kind: k, Of: of})
	return &r.Defects[len(r.Defects)-1]
}

// found notes a case.
func (r *Report) found(k Kind, of, format string, args ...any) {
	d := r.looked(k, of)
	d.Count++
	if len(d.Examples) < maxExamples {
		d.Examples = append(d.Examples, fmt.Sprintf(format, args...))
	}
}

// Print writes the report as a table.
func (r *Report) Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, k := range sortedKeys(r.Counts) {
		fmt.Fprintf(tw, "%s\t%d\t\n", k, r.Counts[k])
	}
	for _, k := range sortedKeys(r.Wire) {
		fmt.Fprintf(tw, "on the wire twice: %s\t%d\t\n", k, r.Wire[k])
	}
	for _, d := range r.Defects {
		fmt.Fprintf(tw, "%s: %s\t%d\t%s\n", d.Kind, d.Of, d.Count, verdict(d.Count))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, d := range r.Defects {
		for _, e := range d.Examples {
			if _, err := fmt.Fprintf(w, "  %s: %s: %s\n", d.Kind, d.Of, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func verdict(n int) string {
	if n == 0 {
		return "ok"
	}
	return "FAILED"
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
