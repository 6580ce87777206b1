package ingest

import (
	"path/filepath"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// fuzz checks that any record becomes an event that fits the profile and is in
// its one encoding, or is refused with a reason, or dropped; and that it becomes
// the same a second time. Seeds are the records of the golden tests.
func fuzz(f *testing.F, format string) {
	files, err := filepath.Glob("testdata/golden/" + format + "-*.in")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		for _, in := range records(f, file) {
			f.Add(in.Value, in.Header(zeek.HeaderHead))
		}
	}
	f.Fuzz(func(t *testing.T, value []byte, head string) {
		in := cordon.Record{Key: "s-1", Value: value}
		if head != "" {
			in.Headers = []cordon.Header{{Key: zeek.HeaderHead, Value: head}}
		}
		s := newTestStep(t, format, site()...)
		first, again := s.do(t, in), s.do(t, in)
		if first.refused != nil && (first.refused.Reason == "" || first.refused.Err.Error() == "") {
			t.Errorf("refused without a reason: %+v", first.refused)
		}
		if string(again.raw.Body) != string(first.raw.Body) || again.raw.ID != first.raw.ID {
			t.Errorf("not the same twice:\n%s\n%s", first.raw.Body, again.raw.Body)
		}
	})
}

func FuzzZeek(f *testing.F) { fuzz(f, "zeek") }

func FuzzEVE(f *testing.F) { fuzz(f, "eve") }

func FuzzOCSF(f *testing.F) { fuzz(f, "ocsf") }
