package feed

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
)

func TestItem(t *testing.T) {
	path := func(name string) []cordon.Header { return []cordon.Header{{Key: "zeek-path", Value: name}} }
	for _, c := range []struct {
		name, format, line, key string
		at                      time.Time
		headers                 []cordon.Header
	}{
		{"zeek, written later than it happened", "zeek", `{"_path":"conn","_sensor":"s-1","ts":1.5,"_write_ts":7.25}`, "s-1", time.UnixMilli(7250), nil},
		{"zeek without sensor and log", "zeek", `{"ts":1.5}`, "gate", time.UnixMilli(1500), path("conn")},
		{"zeek, not a time", "zeek", `{"_path":"conn","ts":"soon"}`, "gate", time.Time{}, nil},
		{"zeek, a time out of range", "zeek", `{"_path":"conn","ts":1e300}`, "gate", time.Time{}, nil},
		{"eve", "eve", `{"host":"ids-1","timestamp":"2026-03-01T10:00:00.5+0100"}`, "ids-1", time.UnixMilli(1772355600500), nil},
		{"eve without host", "eve", `{"event_type":"flow"}`, "gate", time.Time{}, nil},
		{"ocsf", "ocsf", `{"device":{"uid":"cam-1"},"time":1500}`, "cam-1", time.UnixMilli(1500), nil},
		{"ocsf without device", "ocsf", `{"time":0}`, "gate", time.Time{}, nil},
		{"no json", "ocsf", `{"device":`, "gate", time.Time{}, nil},
		{"no object", "eve", `[1]`, "gate", time.Time{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := newFormat(c.format, "gate", "conn")
			if err != nil {
				t.Fatal(err)
			}
			got, ok := f.item(Line{Number: 3, Text: []byte(c.line)})
			want := Item{Record: cordon.Record{Key: c.key, Value: []byte(c.line), Headers: c.headers}, At: c.at, Line: 3}
			if diff := cmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("item = _, %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func TestZeekColumns(t *testing.T) {
	f, err := newFormat("zeek", "gate", "conn")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{`#separator \x09`, "#path\tconn", "#fields\tts\tuid"} {
		if it, ok := f.item(Line{Text: []byte(l)}); ok {
			t.Errorf("item(%q) = %v; want no record", l, it)
		}
	}
	it, ok := f.item(Line{Number: 4, Text: []byte("1.5\tC1")})
	if !ok || !it.At.Equal(time.UnixMilli(1500)) || it.Record.Header("zeek-header") != "#path\tconn\n#fields\tts\tuid" {
		t.Errorf("item = %+v, %v; want the head and the time of the line", it, ok)
	}
}
