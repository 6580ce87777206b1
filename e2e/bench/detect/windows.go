package main

import (
	"fmt"
	"strings"
)

// A window is a policy that remembers: what it declares, which events it
// observes, and the field that it compares with a limit.
type window struct {
	class   class
	declare string
	line    string // of the observe rule, besides the class; may be empty
	field   string
}

// noAlert is a limit that no window reaches: windows are kept up to date and
// asked, and nothing comes of it.
const noAlert = 1_000_000_000

// windows are those of the measurement; together they take about one event
// each.
func windows() []window {
	return []window{
		{telemetry, "{kind: count, by: [{device.id}], over: 5m, step: 30s}", "", "count"},
		{flow, "{kind: distinct, by: [{device.id}], of: {dst.port}, over: 10m}", `{proto} == "udp"`, "distinct"},
		{flow, "{kind: sum, by: [{device.id}], of: {bytes_out}, over: 1h}", "{dst.port} in {443, 80}", "sum"},
		{dns, "{kind: rate, by: [{device.id}], over: 5m}", "", "per_s"},
		{dns, "{kind: first_seen, by: [{device.id}, {qtype}], over: 24h}", "", "age_s"},
		{auth, "{kind: interval, by: [{device.id}, {src.ip}], over: 1h}", "", "mean_s"},
	}
}

// name is the n-th window's, and its package's last part.
func windowName(n int) string { return fmt.Sprintf("w%d", n) }

// observe is what follows the if of w's observe rule.
func (w window) observe(f form) string {
	lines := f.class(w.class, false)
	if w.line != "" {
		lines = append(lines, f.text(w.line))
	}
	return "{\n\t" + strings.Join(lines, "\n\t") + "\n}\n"
}

// rego is w's findings rule; name is its window's.
func (w window) rego(f form, name string, limit int) string {
	return fmt.Sprintf("findings contains {\"summary\": sprintf(\"%s: %%v\", [n])} if {\n\t%s\n\tn := input.windows.%s.%s\n\tn > %d\n}\n",
		name, strings.Join(f.class(w.class, false), "\n\t"), name, w.field, limit)
}

// policy is w as a file; it replaces the rule of that number.
func (w window) policy(f form, n, number, limit int) (pkg, text string) {
	pkg = "policies.window." + windowName(n)
	custom := fmt.Sprintf("#   windows:\n#     %s: %s\n", windowName(n), f.text(w.declare))
	rules := fmt.Sprintf("observe contains %q if %s\n%s", windowName(n), w.observe(f), w.rego(f, windowName(n), limit))
	return pkg, policy(pkg, number, custom, rules)
}
