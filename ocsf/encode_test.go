package ocsf

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flow is an event with members of every form.
func flow() *Event {
	return &Event{
		ClassUID:    ClassNetworkActivity,
		CategoryUID: CategoryOf(ClassNetworkActivity),
		ActivityID:  ActivityNetworkTraffic,
		TypeUID:     TypeOf(ClassNetworkActivity, ActivityNetworkTraffic),
		Time:        1700000000000,
		Metadata:    &Metadata{Version: Version, UID: "e1", Product: &Product{Name: "Zeek"}},
		SrcEndpoint: &NetworkEndpoint{IP: "10.0.0.1", Port: Some(0), IntermediateIPs: []string{"10.0.0.2"}},
		Traffic:     &NetworkTraffic{BytesOut: Some(int64(0)), Packets: Some(int64(3))},
		Attacks:     []Attack{{Technique: &Technique{UID: "T1046"}}},
		IsAlert:     Some(false),
		Unmapped:    Unmapped{String("mqtt_topic", "a\"b"), Bool("conn_local_orig", false), Int("modbus_unit", 1), Float("dns_rtt", 0.5)},
	}
}

func TestAppendJSON(t *testing.T) {
	got := string(flow().AppendJSON(nil))
	want := `{"activity_id":6,"attacks":[{"technique":{"uid":"T1046"}}],"category_uid":4,"class_uid":4001,` +
		`"is_alert":false,"metadata":{"product":{"name":"Zeek"},"uid":"e1","version":"1.8.0"},"severity_id":0,` +
		`"src_endpoint":{"intermediate_ips":["10.0.0.2"],"ip":"10.0.0.1","port":0},"time":1700000000000,` +
		`"traffic":{"bytes_out":0,"packets":3},"type_uid":400106,` +
		`"unmapped":{"conn_local_orig":false,"dns_rtt":0.5,"modbus_unit":1,"mqtt_topic":"a\"b"}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("AppendJSON (-want +got):\n%s", diff)
	}
}

func TestAppendJSONRoundTrip(t *testing.T) {
	first := flow().AppendJSON(nil)
	var e Event
	if err := json.Unmarshal(first, &e); err != nil {
		t.Fatalf("Unmarshal(AppendJSON) = %v", err)
	}
	if diff := cmp.Diff(string(first), string(e.AppendJSON(nil))); diff != "" {
		t.Errorf("AppendJSON after Unmarshal (-first +second):\n%s", diff)
	}
}

func TestAppendString(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `""`},
		{"plain", "a/b<>&", `"a/b<>&"`},
		{"quote and backslash", `"\`, `"\"\\"`},
		{"control", "\x00\b\f\n\r\t\x1f\x7f", "\"\\u0000\\b\\f\\n\\r\\t\\u001f\x7f\""},
		{"UTF-8", "é\u2028😀", "\"é\u2028😀\""},
		{"broken UTF-8", "a\xffb\xc3", `"a` + "\ufffd" + `b` + "\ufffd" + `"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(appendString(nil, c.in)); got != c.want {
				t.Errorf("appendString(%q) = %s; want %s", c.in, got, c.want)
			}
		})
	}
}

func TestAppendFloat(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1, "1"}, {-1.5, "-1.5"}, {1e20, "100000000000000000000"},
		{1e21, "1e+21"}, {1e-6, "0.000001"}, {1e-7, "1e-7"}, {5e-324, "5e-324"}, {math.Inf(1), "null"}, {math.NaN(), "null"},
	} {
		if got := string(appendFloat(nil, c.in)); got != c.want {
			t.Errorf("appendFloat(%v) = %s; want %s", c.in, got, c.want)
		}
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	e, dst := flow(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { dst = e.AppendJSON(dst[:0]) }); n != 0 {
		t.Errorf("AppendJSON allocates %v times an event; want 0", n)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e, dst := flow(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = e.AppendJSON(dst[:0])
	}
	b.SetBytes(int64(len(dst)))
}
