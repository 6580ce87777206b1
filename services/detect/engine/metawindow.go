package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	defaultDistinct = 100    // values that distinct tells apart
	mostDistinct    = 10_000 // more would make one cell a burden
	mostBuckets     = 120    // sub-buckets of one window
	leastBuckets    = 4      // of ewma: fewer are no baseline
	mostSteps       = 4      // of a sequence
	keyedBy         = "input.device.uid"
)

func (r *metaReader) windows(n *yaml.Node) []Window {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "windows: want a mapping of names to windows", "write name: {kind: count, by: ["+keyedBy+"], over: 5m}")
		return nil
	}
	var out []Window
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if name.Kind != yaml.ScalarNode || name.Value == "" {
			r.bad(name, "a window has no name", "write name: {kind: count, by: ["+keyedBy+"], over: 5m}")
			continue
		}
		if slices.ContainsFunc(out, func(w Window) bool { return w.Name == name.Value }) {
			r.bad(name, "two windows are called "+name.Value, "rename one of them")
		}
		out = append(out, r.window(name.Value, n.Content[i+1]))
	}
	slices.SortFunc(out, func(a, b Window) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (r *metaReader) window(name string, n *yaml.Node) Window {
	w := Window{Name: name}
	r.fields(n, map[string]func(*yaml.Node){
		"kind": func(n *yaml.Node) {
			w.Kind = Kind(r.text(n))
			if !slices.Contains(kinds(), string(w.Kind)) {
				r.bad(n, fmt.Sprintf("window %s: unknown kind %q", name, w.Kind), didYouMean(string(w.Kind), kinds()))
			}
		},
		"by":    func(n *yaml.Node) { w.By = r.paths(n) },
		"of":    func(n *yaml.Node) { w.Of = r.path(n) },
		"over":  func(n *yaml.Node) { w.Over = r.duration(n) },
		"step":  func(n *yaml.Node) { w.Step = r.duration(n) },
		"gap":   func(n *yaml.Node) { w.Gap = r.duration(n) },
		"max":   func(n *yaml.Node) { w.Max = r.max(n) },
		"steps": func(n *yaml.Node) { w.Steps = r.texts(n) },
	})
	r.checkWindow(n, w)
	w.Step = cmp.Or(w.Step, max(w.Over/buckets, time.Millisecond))
	w.Max = cmp.Or(w.Max, defaultDistinct)
	return w
}

// checkWindow looks for what does not fit together in w, as it was declared.
func (r *metaReader) checkWindow(n *yaml.Node, w Window) {
	bad := func(is bool, cause, next string) {
		if is {
			r.bad(n, "window "+w.Name+": "+cause, next)
		}
	}
	if !slices.Contains(kinds(), string(w.Kind)) {
		bad(w.Kind == "", "kind is missing", "kinds are "+list(kinds()))
		return
	}
	for _, key := range w.needless() {
		bad(true, key+" has no meaning for kind "+string(w.Kind), "remove it")
	}
	needsOf := w.Kind == Distinct || w.Kind == Sum
	bad(w.Over == 0, "over is missing", "say how far back it looks, such as over: 5m")
	bad(needsOf && w.Of == nil, "of is missing", "say what is summed up or told apart, such as of: input.dst_endpoint.ip")
	bad(w.Step > 0 && w.Over/w.Step > mostBuckets, "step is too small", fmt.Sprintf("a window has at most %d steps", mostBuckets))
	bad(w.Step > w.Over && w.Over > 0, "step is longer than the window", "leave step out")
	bad(w.Kind == EWMA && w.Step > 0 && w.Over/w.Step < leastBuckets, "step is too long",
		fmt.Sprintf("ewma compares with at least %d steps: leave step out", leastBuckets))
	bad(w.Kind == Sequence && !distinctSteps(w.Steps), "steps are missing",
		fmt.Sprintf("name 2 to %d different steps in their order, such as steps: [failed, let_in]", mostSteps))
	bad(!slices.ContainsFunc(w.By, func(p Path) bool { return p.String() == keyedBy }),
		"by must contain "+keyedBy, "the log is partitioned by device: a window over several devices would see only some of them")
}

// needless are the keys that w gives and that its kind does not know.
func (w Window) needless() []string {
	bucketed := slices.Contains([]Kind{Count, Distinct, Sum, Rate, EWMA, Interval}, w.Kind)
	summing := slices.Contains([]Kind{Distinct, Sum, Rate, EWMA}, w.Kind)
	var out []string
	for _, key := range []struct {
		name            string
		given, sensible bool
	}{
		{"of", w.Of != nil, summing},
		{"step", w.Step != 0, bucketed},
		{"gap", w.Gap != 0, w.Kind == Interval},
		{"max", w.Max != 0, w.Kind == Distinct},
		{"steps", w.Steps != nil, w.Kind == Sequence},
	} {
		if key.given && !key.sensible {
			out = append(out, key.name)
		}
	}
	return out
}

func distinctSteps(steps []string) bool {
	sorted := slices.Compact(slices.Sorted(slices.Values(steps)))
	return len(sorted) == len(steps) && len(steps) >= 2 && len(steps) <= mostSteps && sorted[0] != ""
}

func (r *metaReader) max(n *yaml.Node) int {
	v, err := strconv.Atoi(r.text(n))
	if err != nil || v < 1 || v > mostDistinct {
		r.bad(n, fmt.Sprintf("max %q", n.Value), fmt.Sprintf("want a number from 1 to %d", mostDistinct))
	}
	return v
}

func (r *metaReader) paths(n *yaml.Node) []Path {
	var out []Path
	if n.Kind != yaml.SequenceNode {
		r.bad(n, "want a list of fields", "write ["+keyedBy+", input.dst_endpoint.ip]")
		return nil
	}
	for _, c := range n.Content {
		out = append(out, r.path(c))
	}
	return out
}

func (r *metaReader) path(n *yaml.Node) Path {
	s := r.text(n)
	rest, ok := strings.CutPrefix(s, "input.")
	parts := strings.Split(rest, ".")
	if !ok || slices.Contains(parts, "") || parts[0] == windowsKey {
		r.bad(n, fmt.Sprintf("field %q", s), "write it as in a rule, such as "+keyedBy)
		return nil
	}
	return parts
}

// String is p as a rule writes it.
func (p Path) String() string { return "input." + strings.Join(p, ".") }

func list(words []string) string { return strings.Join(words, ", ") }
