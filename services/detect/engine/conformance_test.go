package engine

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/test/cases/testdata"
	"github.com/open-policy-agent/opa/v1/util"
)

var update = flag.Bool("update", false, "write testdata/conformance-skipped.txt anew")

const skippedFile = "testdata/conformance-skipped.txt"

const skippedHead = `# OPA's own conformance cases (v1/test/cases of its module) that are not run,
# and why: through "confirm", as the engine asks OPA, or "prefilter", as a
# policy over an event, from its text to its findings. Made by
# go test ./services/detect/engine -run Conformance -update
`

// TestConformance runs OPA's own cases through the engine. What is left out is
// listed in a file, which must be right.
func TestConformance(t *testing.T) {
	all := conformanceCases(t)
	var skipped []string
	confirmed, filtered := 0, 0
	for _, tc := range all {
		for _, run := range []struct {
			name string
			f    func(cases.TestCase) (string, error)
			n    *int
		}{{"confirm", confirmCase, &confirmed}, {"prefilter", prefilterCase, &filtered}} {
			skip, err := run.f(tc)
			switch {
			case err != nil:
				t.Errorf("%s of %s: %v", run.name, tc.Note, err)
			case skip != "":
				skipped = append(skipped, fmt.Sprintf("%s | %s | %s", run.name, oneLine(tc.Note), oneLine(skip)))
			default:
				*run.n++
			}
		}
	}
	t.Logf("%d cases: %d confirmed, %d through the prefilter", len(all), confirmed, filtered)
	if confirmed < 1_650 || filtered < 1_480 {
		t.Errorf("%d cases confirmed and %d through the prefilter; want more", confirmed, filtered)
	}
	checkSkipped(t, skipped)
}

func conformanceCases(t *testing.T) []cases.TestCase {
	t.Helper()
	var all []cases.TestCase
	err := fs.WalkDir(testdata.V1, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(testdata.V1, name)
		if err != nil {
			return err
		}
		var set cases.Set
		if err := util.Unmarshal(text, &set); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, set.Cases...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b cases.TestCase) int { return cmp.Compare(a.Note, b.Note) })
	return all
}

func checkSkipped(t *testing.T, skipped []string) {
	t.Helper()
	slices.Sort(skipped)
	got := skippedHead + strings.Join(skipped, "\n") + "\n"
	if *update {
		if err := os.WriteFile(skippedFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(skippedFile)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what was skipped; look at what -update changes in it", skippedFile)
	}
}
