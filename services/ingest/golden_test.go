package ingest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

// site is the inventory of the golden tests.
func site() []cordon.Device {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return []cordon.Device{
		{
			ID: "cam-7", Since: from, Name: "front door", Type: "camera", Vendor: "Acme", Model: "M1", Firmware: "2.1.0",
			Zone: "cctv", Site: "north", Managed: true, MACs: []string{"02:00:00:00:00:10"}, Addresses: []string{"192.168.1.10"},
		},
		{ID: "hmi-1", Since: from, Name: "panel", Type: "workstation", Zone: "ot", Managed: true, Addresses: []string{"192.168.1.20"}},
		{ID: "plc-1", Since: from, Name: "pump", Type: "plc", Zone: "ot", Managed: true, Addresses: []string{"192.168.1.30"}},
	}
}

// TestGolden maps testdata/golden/<format>-<name>.in, a raw record on each
// line, and compares what becomes of them with <format>-<name>.golden. -update
// writes the latter.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.in")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".in")
		t.Run(name, func(t *testing.T) {
			format, _, _ := strings.Cut(name, "-")
			got := golden(t, newTestStep(t, format, site()...), file)
			want := strings.TrimSuffix(file, ".in") + ".golden"
			if *update {
				if err := os.WriteFile(want, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			old, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(old), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

var update = flag.Bool("update", false, "write the golden files")

// golden is what becomes of the records of a file, for people to read.
func golden(t *testing.T, s *testStep, file string) []byte {
	var out bytes.Buffer
	for i, in := range records(t, file) {
		fmt.Fprintf(&out, "# line %d\n", i+1)
		switch res := s.do(t, in); {
		case res.event != nil:
			fmt.Fprintf(&out, "key %s\ntype %s\nsource %s\ntime %s\n", res.raw.Device, res.raw.Class, res.raw.Source, res.raw.Time.Format(time.RFC3339Nano))
			if err := json.Indent(&out, res.raw.Body, "", "  "); err != nil {
				t.Fatal(err)
			}
			out.WriteString("\n")
		case res.refused != nil:
			fmt.Fprintf(&out, "refused by %s for %s: %v\n", res.refused.Mapper, res.refused.Reason, res.refused.Err)
		default:
			out.WriteString("dropped\n")
		}
	}
	return out.Bytes()
}
