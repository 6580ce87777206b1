package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeTable prints one line for each contender on each stream, with a column
// for each number of rules: the multiple of the floor, µs of CPU, allocations.
func writeTable(w io.Writer, rows []row, rules []int) {
	fmt.Fprintf(w, "| %-22s | %-5s | %-8s | %-7s |", "contender", "event", "alerting", "windows")
	for _, n := range rules {
		fmt.Fprintf(w, " %28s |", fmt.Sprintf("%d rules", n))
	}
	fmt.Fprintf(w, "\n|---|---|---|---|%s\n", strings.Repeat("---|", len(rules)))
	for _, line := range lines(rows) {
		fmt.Fprintf(w, "| %-22s | %-5s | %6.1f %% | %-7s |", line.Contender, line.Event, line.Alerting, map[bool]string{true: "6", false: "-"}[line.Windows])
		for _, n := range rules {
			line.Rules = n
			fmt.Fprintf(w, " %28s |", cell(rows, line))
		}
		fmt.Fprintln(w)
	}
}

// key is r without its figures.
func (r row) key() row {
	r.Ratio, r.CPU, r.Allocs = 0, 0, 0
	return r
}

// lines are the keys of rows but for the number of rules, in their order, by
// form of event.
func lines(rows []row) []row {
	var out []row
	for _, r := range rows {
		k := r.key()
		k.Rules = 0
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b row) int { return strings.Compare(a.Event, b.Event) })
	return out
}

func cell(rows []row, key row) string {
	for _, r := range rows {
		if r.key() == key {
			return fmt.Sprintf("%.2fx %.2f µs %.2f", r.Ratio, r.CPU/1000, r.Allocs)
		}
	}
	return "-"
}
