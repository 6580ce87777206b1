package detection

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/detect/engine/scan"
	"github.com/cordon-iot/cordon/services/ingest/eve"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/native"
	"github.com/cordon-iot/cordon/services/ingest/report"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// ingested makes events of records as ingest does.
type ingested struct {
	mappers map[string]interface {
		Map(cordon.Record, *report.Report) error
	}
	resolver *resolve.Resolver
	report   report.Report
	n        int64
}

func newIngested() *ingested {
	count := func(string) field.Counter { return uncounted{} }
	names := field.Names{Undeclared: count, Clipped: count}
	inv := inventory.New()
	inv.Publish()
	return &ingested{
		mappers: map[string]interface {
			Map(cordon.Record, *report.Report) error
		}{
			"zeek": zeek.NewMapper(names), "ocsf": native.NewMapper(names), "eve": eve.NewMapper(names),
		},
		resolver: resolve.New(inv),
	}
}

// body is the event that becomes of in, nil if it is refused or dropped.
func (s *ingested) body(t testing.TB, in raw) []byte {
	t.Helper()
	r := &s.report
	r.Reset()
	s.n++
	in.record.Position = cordon.Position{Topic: "raw." + in.format, Offset: s.n}
	err := s.mappers[in.format].Map(in.record, r)
	var refusal *report.Refusal
	var drop report.Drop
	switch {
	case errors.As(err, &refusal), errors.As(err, &drop):
		return nil
	case err != nil:
		t.Fatalf("Map(%q) = %v", in.record.Value, err)
	}
	s.resolver.Complete(r, s.n)
	r.Metadata.UID = string(cordon.NewEventID("/sensors/"+r.Sensor, in.record.Value))
	r.Keep(ocsf.String("cordon_auth", "none"))
	body := r.Event.AppendJSON(nil)
	if len(body) > ocsf.MaxEvent {
		return nil
	}
	return body
}

// goldenRecords are the records of the tests of ingest.
func goldenRecords(t testing.TB) []raw {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Root(), "services/ingest/testdata/golden/*.in"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	var out []raw
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		format, _, _ := strings.Cut(filepath.Base(file), "-")
		var heads zeek.Lines
		for line := range bytes.SplitSeq(bytes.TrimRight(text, "\n"), []byte("\n")) {
			in := cordon.Record{Key: "s-1", Value: line}
			if headers, _, ok := heads.Next(line); ok && format == "zeek" {
				in.Headers = headers
			}
			out = append(out, raw{format, in})
		}
	}
	return out
}

// fast checks that detect can look through an event without reading it whole:
// it is canonical, and the scanner finds in it what a reader finds.
type fast struct {
	doc   canon.Document
	paths *scan.Paths
	list  [][]string
	slots [2][]scan.Slot
}

// newFast looks for everything that stands in the events of records, and for
// what never does.
func newFast(t testing.TB, records []raw) *fast {
	t.Helper()
	f := &fast{list: [][]string{{"windows"}, {"device"}, {"device", "uid", "x"}}}
	known := map[string]bool{}
	s := newIngested()
	for _, in := range records {
		if body := s.body(t, in); body != nil {
			if !f.doc.Read(body) {
				t.Fatalf("the event of a record of ingest's own tests is not canonical: %s", body)
			}
			f.collect(known, nil, 0, f.doc.Len())
		}
	}
	f.paths = scan.Compile(f.list)
	for i := range f.slots {
		f.slots[i] = make([]scan.Slot, f.paths.Len())
	}
	return f
}

func (f *fast) collect(known map[string]bool, above []string, from, to int) {
	for i := from; i < to; i = f.doc.Next(i) {
		path := append(slices.Clone(above), string(f.doc.Key(i)))
		if key := strings.Join(path, "\x00"); !known[key] {
			known[key] = true
			f.list = append(f.list, path)
		}
		if f.doc.Kind(i) == canon.Object {
			f.collect(known, path, i+1, f.doc.Next(i))
		}
	}
}

func (f *fast) check(body []byte) error {
	if !f.doc.Read(body) {
		return fmt.Errorf("event %s is not canonical", body)
	}
	for i, trust := range []bool{false, true} {
		if !f.paths.Scan(body, f.slots[i], trust) {
			return fmt.Errorf("event %s cannot be scanned", body)
		}
	}
	for i, path := range f.list {
		want := ""
		if at, ok := f.doc.Find(path); ok {
			want = string(f.doc.Value(at).Text)
		}
		for _, slots := range f.slots {
			s := slots[i]
			if got := string(body[s.Start:s.End]); got != want && !s.Escaped {
				return fmt.Errorf("%s in event %s = %q; want %q", strings.Join(path, "."), body, got, want)
			}
		}
	}
	if _, ok := f.doc.Find([]string{"windows"}); ok {
		return fmt.Errorf("event %s brings its own windows", body)
	}
	return nil
}

// mangle does to a record what broken and hostile senders do.
func mangle(r *rand.Rand, value []byte) []byte {
	out := bytes.Clone(value)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(out) + 1)
		put := func(s string) { out = slices.Insert(out, at, []byte(s)...) }
		after := func(sign byte, s string) {
			if i := bytes.IndexByte(out[at:], sign); i >= 0 {
				at += i + 1
				put(s)
			}
		}
		switch r.IntN(8) {
		case 0, 1: // into a text, most often
			texts := []string{`\u0000`, `\u0001`, `\u001f`, `\u007f`, `\u0061`, `\/`, `\b\f\n\r\t`, `\ud83d\ude00`, `\ud800`, `\u2028`, `<&>`, "\u2028", "é", "日本", "\x01", "\xff", "\x7f", "\ufeff", strings.Repeat("a", 9000)}
			after('"', texts[r.IntN(len(texts))])
		case 2:
			members := []string{`"windows":{"a":{"count":9}},`, `"class_uid":4001,`, `"zzz":{"b":1,"a":2},`, `"a\u0062c":1,`, `"":1,`, `"device":{"uid":"x"},`, `"unmapped":{"z":1},`}
			after('{', members[r.IntN(len(members))])
		case 3:
			numbers := []string{"e0", ".0", "e2", "12345678901234567", ".5", "E+1", "e400"}
			if i := bytes.IndexAny(out[at:], "0123456789"); i >= 0 {
				at += i + 1
				put(numbers[r.IntN(len(numbers))])
			}
		case 4:
			after(',', " \n\t")
		case 5:
			if at < len(out) {
				out[at] = byte(r.IntN(256))
			}
		case 6:
			out = slices.Delete(out, at, min(len(out), at+r.IntN(4)))
		case 7:
			put(string(rune(r.IntN(0x3000))))
		}
	}
	return out
}

// TestNoEventTakesTheSlowPath: whatever record ingest accepts, its event is one
// that detect can look through.
func TestNoEventTakesTheSlowPath(t *testing.T) {
	const seed, want = 11, 20_000
	records := goldenRecords(t)
	f, s := newFast(t, records), newIngested()
	r := rand.New(rand.NewPCG(seed, 1))
	accepted, escaped, tried := 0, 0, 0
	for ; accepted < want && tried < 20*want; tried++ {
		in := records[r.IntN(len(records))]
		in.record.Value = mangle(r, in.record.Value)
		body := s.body(t, in)
		if body == nil {
			continue
		}
		accepted++
		if bytes.IndexByte(body, '\\') >= 0 {
			escaped++
		}
		if err := f.check(body); err != nil {
			t.Fatalf("seed %d, record %q: %v", seed, in.record.Value, err)
		}
	}
	t.Logf("%d records tried, %d accepted, %d of them with escapes, %d paths", tried, accepted, escaped, len(f.list))
	if accepted < want || escaped < want/100 {
		t.Errorf("%d events accepted, %d with escapes; want %d and %d", accepted, escaped, want, want/100)
	}
}

// FuzzSlowPath is the same for records that nobody thought of.
func FuzzSlowPath(f *testing.F) {
	records := goldenRecords(f)
	for _, in := range records {
		f.Add(in.format, in.record.Value, in.record.Header(zeek.HeaderHead))
	}
	check := newFast(f, records)
	f.Fuzz(func(t *testing.T, format string, value []byte, head string) {
		s := newIngested()
		if s.mappers[format] == nil {
			return
		}
		in := raw{format, cordon.Record{Key: "s-1", Value: value}}
		if head != "" {
			in.record.Headers = []cordon.Header{{Key: zeek.HeaderHead, Value: head}}
		}
		if body := s.body(t, in); body != nil {
			if err := check.check(body); err != nil {
				t.Error(err)
			}
		}
	})
}
