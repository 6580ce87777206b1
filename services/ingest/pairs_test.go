package ingest

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// columns makes records of the lines of a tab-separated log.
func columns(t testing.TB, ls [][]byte, key string) []cordon.Record {
	t.Helper()
	var rs []cordon.Record
	var file zeek.Lines
	for _, l := range ls {
		headers, at, ok := file.Next(l)
		if !ok {
			continue
		}
		if at.IsZero() {
			t.Fatalf("no time in %q", l)
		}
		rs = append(rs, cordon.Record{Key: key, Headers: headers, Value: l})
	}
	return rs
}

// sameness is the body without what two forms of a line cannot have in common:
// the identity, which is made of the bytes, and the time of writing, which only
// JSON has.
func sameness(e cordon.Event) string {
	body := bytes.ReplaceAll(e.Body, []byte(e.ID), nil)
	before, after, ok := bytes.Cut(body, []byte(`"logged_time":`))
	if !ok {
		return string(body)
	}
	_, after, _ = bytes.Cut(after, []byte(","))
	return string(before) + string(after)
}

// TestZeekForms maps the same traffic from both forms of Zeek's logs.
func TestZeekForms(t *testing.T) {
	logs := map[string]int{"dns": 53_615, "ssl": 49_474, "ssh": 22, "modbus": 268, "notice": 207}
	for log, want := range logs {
		t.Run(log, func(t *testing.T) {
			t.Parallel()
			text := columns(t, lines(t, open(t, "zeek-tsv-json-pairs", "zeek-default", log+".log.gz")), "s-1")
			objects := lines(t, open(t, "zeek-tsv-json-pairs", "zeek-json", log+".json.gz"))
			if len(text) != want || len(objects) != want {
				t.Fatalf("%d lines of text, %d objects; want %d of each", len(text), len(objects), want)
			}
			one, other := newTestStep(t, "zeek"), newTestStep(t, "zeek")
			for i := range text {
				a := one.apply(t, text[i])
				b := other.apply(t, cordon.Record{Key: "s-1", Value: objects[i]})
				if a.refused != nil || b.refused != nil {
					t.Fatalf("refused: %v\n%s\n%v\n%s", a.refused, text[i].Value, b.refused, objects[i])
				}
				if a, b := sameness(a.raw), sameness(b.raw); a != b {
					t.Fatalf("line %d: events differ (-text +object):\n%s\n%s", i, cmp.Diff(a, b), objects[i])
				}
				if i%64 == 0 {
					decode(t, a.raw.Body)
				}
			}
		})
	}
}

// TestZeekUnmapped: logs that are not mapped are refused for that, in both
// forms, and nothing of them is lost.
func TestZeekUnmapped(t *testing.T) {
	for _, log := range []string{"weird", "stats", "known_hosts", "syslog"} {
		text := columns(t, lines(t, open(t, "zeek-tsv-json-pairs", "zeek-default", log+".log.gz")), "s-1")
		objects := lines(t, open(t, "zeek-tsv-json-pairs", "zeek-json", log+".json.gz"))
		s := newTestStep(t, "zeek")
		for i, r := range append(text, cordon.Record{Value: objects[0]}) {
			res := s.do(t, r)
			if res.refused == nil || res.refused.Reason != "zeek.path" {
				t.Fatalf("%s, record %d: %v; want it refused for zeek.path", log, i, res.refused)
			}
		}
	}
}

// TestZeekLabelled maps an original log of IoT-23 whose last column holds
// three, separated by blanks.
func TestZeekLabelled(t *testing.T) {
	s, n := newTestStep(t, "zeek"), 0
	for _, r := range columns(t, lines(t, open(t, "iot23", "CTU-IoT-Malware-Capture-34-1.conn.log.labeled.zst")), "s-1") {
		res := s.do(t, r)
		if res.event == nil {
			t.Fatalf("refused: %v\n%s", res.refused, r.Value)
		}
		n++
	}
	if n != 23_145 {
		t.Errorf("%d events; want 23145", n)
	}
}

func TestModbusNotes(t *testing.T) {
	s := newTestStep(t, "zeek")
	writes := 0
	for _, raw := range lines(t, open(t, "modbus-lemay", "CnC_uploading_exe_modbus_6RTU_with_operate.modbus.ndjson.zst")) {
		res := s.do(t, cordon.Record{Key: "s-1", Value: raw})
		if res.event == nil {
			t.Fatalf("refused: %v\n%s", res.refused, raw)
		}
		if res.event.Unmapped.Text("modbus_access_type") == "write" {
			writes++
		}
	}
	if writes == 0 {
		t.Error("no write among the events")
	}
}
