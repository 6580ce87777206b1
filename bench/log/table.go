package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeTable prints one line a variant.
func writeTable(w io.Writer, rows []output) {
	fmt.Fprintf(w, "| %-8s | %-46s | %10s | %8s | %7s | %6s |\n", "broker", "variant", "records/s", "CPU µs", "allocs", "ratio")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %-8s | %-46s | %10.0f | %8.2f | %7.2f | %6.2f |\n", r.Broker, r.Variant, r.PerSecond, r.CPU, r.Allocs, r.Ratio)
	}
}

// writeJSON writes all rows to a file, and its folder if it is not there.
func writeJSON(file string, rows []output) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}
