package show_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/show"
)

func record(t *testing.T, topic string, r cordon.Record, err error) cordon.Record {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r.Position = cordon.Position{Topic: topic, Partition: 1, Offset: 7}
	r.Time = time.Date(2026, 3, 1, 10, 0, 0, 0, time.Local)
	return r
}

func TestRecord(t *testing.T) {
	f, err := cordon.Finding{
		ID: "f", Policy: cordon.PolicyRef{ID: "CRD-0001"}, Device: "cam-1", Cause: "e", Severity: cordon.High, Summary: "tried port 23",
		CauseAt: cordon.Position{Topic: "events"},
	}.Record()
	finding := record(t, "s.findings", f, err)
	a, err := cordon.Action{ID: "a", Device: "cam-1", State: cordon.Applied, By: "policy:CRD-0001", Reason: "tried port 23"}.Record()
	action := record(t, "s.actions", a, err)
	j, err := cordon.NewRejected(cordon.Record{Key: "s-1"}, "ingest", "json.syntax", "unexpected end", "").Record()
	rejected := record(t, "s.rejected", j, err)
	raw := func(value string) cordon.Record {
		return record(t, "s.events", cordon.Record{Key: "cam-1", Value: []byte(value)}, nil)
	}
	for _, c := range []struct {
		name string
		r    cordon.Record
		want string
	}{
		{"finding", finding, "10:00:00.000  1/7       cam-1           CRD-0001  high  tried port 23"},
		{"action", action, "10:00:00.000  1/7       cam-1           applied  policy:CRD-0001  tried port 23"},
		{"rejected", rejected, "10:00:00.000  1/7       s-1             json.syntax  /0/0  unexpected end"},
		{"event", raw(`{"class_uid":4001,"src_endpoint":{"ip":"10.0.0.1","port":5},"dst_endpoint":{"ip":"10.0.0.2","port":23,"uid":"cam-2"},"app_name":"telnet","traffic":{"bytes_out":9}}`),
			"10:00:00.000  1/7       cam-1           4001  10.0.0.1:5 → cam-2:23  telnet  9 B out, 0 B in"},
		{"what it does not know", raw(`{"a":1}`), `10:00:00.000  1/7       cam-1           {"a":1}`},
		{"escape sequences are harmless", raw("\x1b[2Jx\n\xff"), "10:00:00.000  1/7       cam-1           ·[2Jx··"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (show.Style{}).Record(cordon.Topics{Prefix: "s."}, c.r, 0); got != c.want {
				t.Errorf("Record = %q; want %q", got, c.want)
			}
		})
	}
	if got := (show.Style{}).Record(cordon.Topics{Prefix: "s."}, raw(strings.Repeat("é", 200)), 60); !strings.HasSuffix(got, "é…") || len([]rune(got)) != 60 {
		t.Errorf("Record in 60 columns = %q; want 60 with an ellipsis", got)
	}
}

func TestPlainOffTheTerminal(t *testing.T) {
	s := show.StyleOf(&bytes.Buffer{})
	if got := s.Good("✓") + s.Bad("x") + s.Severity(cordon.High); strings.Contains(got, "\x1b") {
		t.Errorf("text for a file = %q; want no escape sequences", got)
	}
}
