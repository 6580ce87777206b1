package zeek

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

type counter map[string]int

type one struct {
	of   counter
	name string
}

func (o one) Inc() { o.of[o.name]++ }

func (c counter) open(name string) field.Counter { return one{c, name} }

func newTestMapper() (*Mapper, counter, counter) {
	lost, cut := counter{}, counter{}
	return NewMapper(field.Names{Undeclared: lost.open, Clipped: cut.open}), lost, cut
}

func TestParseHead(t *testing.T) {
	tests := []struct {
		name, lines string
		want        head
	}{
		{"as Zeek writes it",
			"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-03-02-00-00-00\n#fields\tts\tuid\n#types\ttime\tstring",
			head{field.Columns{Separator: "\t", Set: ",", Empty: "(empty)", Unset: "-"}, "conn", []string{"ts", "uid"}}},
		{"the least", "#path\tconn\n#fields\tts", head{field.Columns{Separator: "\t", Set: ",", Empty: "(empty)", Unset: "-"}, "conn", []string{"ts"}}},
		{"everything else", "#separator |\n#set_separator|;\n#empty_field|()\n#unset_field|~\n#path|dns\n#fields|ts|uid\r\n",
			head{field.Columns{Separator: "|", Set: ";", Empty: "()", Unset: "~"}, "dns", []string{"ts", "uid"}}},
	}
	for _, tt := range tests {
		got, err := parseHead(tt.lines)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *got, cmp.AllowUnexported(head{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, bad := range []string{"", "#path\tconn", "#fields\tts", "#separator \n#path\tconn\n#fields\tts", "#set_separator\t\n#path\tconn\n#fields\tts"} {
		var r *report.Refusal
		if _, err := parseHead(bad); !errors.As(err, &r) || r.Reason != report.ZeekHeader {
			t.Errorf("parseHead(%q) = %v; want a refusal for %s", bad, err, report.ZeekHeader)
		}
	}
}

func TestLines(t *testing.T) {
	file := strings.Split(strings.TrimPrefix(`
#separator \x09
#set_separator	,
#empty_field	(empty)
#unset_field	-
#path	conn
#open	2026-03-02-00-00-00
#fields	uid	ts
#types	string	time
C1	1772409600.5
#close	2026-03-02-01-00-00
#separator |
#set_separator|;
#path|dns
#fields|ts|uid
1772409601|C2
no time|C3`, "\n"), "\n")
	type record struct {
		Line string
		Head string
		At   time.Time
	}
	var got []record
	var l Lines
	for _, line := range file {
		headers, at, ok := l.Next([]byte(line))
		if !ok {
			continue
		}
		if len(headers) != 1 || headers[0].Key != HeaderHead {
			t.Fatalf("headers of %q = %v", line, headers)
		}
		got = append(got, record{line, headers[0].Value, at})
	}
	second := "#separator |\n#set_separator|;\n#path|dns\n#fields|ts|uid"
	want := []record{
		{"C1\t1772409600.5", "#path\tconn\n#fields\tuid\tts", time.Date(2026, 3, 2, 0, 0, 0, 5e8, time.UTC)},
		{"1772409601|C2", second, time.Date(2026, 3, 2, 0, 0, 1, 0, time.UTC)},
		{"no time|C3", second, time.Time{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHeadless(t *testing.T) {
	var l Lines
	headers, at, ok := l.Next([]byte("1772409600.5\tC1"))
	if len(headers) != 0 || !at.IsZero() || !ok {
		t.Errorf("Next(a line without a head) = %v, %v, %v; want a record without headers", headers, at, ok)
	}
}

// TestWhereHeadStands: the head may come in the header or above the line, and
// is understood the same.
func TestWhereHeadStands(t *testing.T) {
	head, row := "#path\tconn\n#fields\tts\tuid\tproto", "1772409600.5\tC1\ttcp"
	m, _, _ := newTestMapper()
	want := ""
	for name, in := range map[string]cordon.Record{
		"header": {Headers: []cordon.Header{{Key: HeaderHead, Value: head}}, Value: []byte(row)},
		"value":  {Value: []byte(head + "\n" + row + "\n")},
		"both":   {Headers: []cordon.Header{{Key: HeaderHead, Value: "#path\tdns\n#fields\ta"}}, Value: []byte(head + "\r\n" + row + "\r\n")},
	} {
		var r report.Report
		if err := m.Map(in, &r); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := string(r.Event.AppendJSON(nil))
		if want == "" {
			want = got
		}
		if got != want || r.Event.ConnectionInfo.UID != "C1" {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}

func TestDrops(t *testing.T) {
	for value, want := range map[string]report.Drop{
		"":                             report.Blank,
		" \r\n":                        report.Blank,
		"#close\t2026-03-02-01-00-00":  report.ZeekComment,
		"#path\tconn\n#fields\tts\n":   report.ZeekComment,
		"#separator \\x09\n#path\tdns": report.ZeekComment,
	} {
		m, _, _ := newTestMapper()
		var r report.Report
		var got report.Drop
		if err := m.Map(cordon.Record{Value: []byte(value)}, &r); !errors.As(err, &got) || got != want {
			t.Errorf("Map(%q) = %v; want it dropped as %s", value, err, want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	m, _, _ := newTestMapper()
	var r report.Report
	var refused *report.Refusal
	err := m.Map(cordon.Record{Value: []byte(`{"_path":"conn","ts":1,"x":"` + strings.Repeat("x", 1<<20) + `"}`)}, &r)
	if !errors.As(err, &refused) || refused.Reason != report.Size {
		t.Errorf("Map(1 MiB) = %v; want a refusal for %s", err, report.Size)
	}
}

func TestCounts(t *testing.T) {
	m, lost, cut := newTestMapper()
	var r report.Report
	in := cordon.Record{Value: []byte(`{"_path":"dns","ts":1772409600,"query":"` + strings.Repeat("q", 9000) + `","Z":0,"auth":["x"]}`)}
	if err := m.Map(in, &r); err != nil {
		t.Fatal(err)
	}
	head := []cordon.Header{{Key: HeaderHead, Value: "#path\tconn\n#fields\tts\tcolour\tshape"}}
	r.Reset()
	if err := m.Map(cordon.Record{Headers: head, Value: []byte("1772409600\tred\t-")}, &r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(counter{"Z": 1, "auth": 1, "colour": 1}, lost); diff != "" {
		t.Errorf("undeclared (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(counter{"query": 1}, cut); diff != "" {
		t.Errorf("clipped (-want +got):\n%s", diff)
	}
}

// TestClippedShows: an event says that a part of its record is not in it.
func TestClippedShows(t *testing.T) {
	m, _, _ := newTestMapper()
	var r report.Report
	if err := m.Map(cordon.Record{Value: []byte(`{"_path":"dns","ts":1772409600,"query":"` + strings.Repeat("q", 9000) + `"}`)}, &r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"clipped"}, r.Event.Metadata.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if got := len(r.Event.Query.Hostname); got != 8<<10 {
		t.Errorf("name has %d bytes; want %d", got, 8<<10)
	}
}

func TestSensor(t *testing.T) {
	for _, tt := range []struct{ line, key, want string }{
		{`{"_path":"conn","ts":1772409600,"_sensor":"a","_system_name":"b"}`, "c", "a"},
		{`{"_path":"conn","ts":1772409600,"_system_name":"b"}`, "c", "b"},
		{`{"_path":"conn","ts":1772409600}`, "c", "c"},
		{`{"_path":"conn","ts":1772409600}`, "", "unknown"},
	} {
		m, _, _ := newTestMapper()
		var r report.Report
		if err := m.Map(cordon.Record{Key: tt.key, Value: []byte(tt.line)}, &r); err != nil {
			t.Fatal(err)
		}
		if r.Sensor != tt.want {
			t.Errorf("sensor of %s with key %q = %q; want %q", tt.line, tt.key, r.Sensor, tt.want)
		}
	}
}

func TestPathHeader(t *testing.T) {
	m, _, _ := newTestMapper()
	var r report.Report
	in := cordon.Record{Headers: []cordon.Header{{Key: HeaderPath, Value: "conn"}}, Value: []byte(`{"ts":1772409600}`)}
	if err := m.Map(in, &r); err != nil || r.Event.ClassUID != ocsf.ClassNetworkActivity {
		t.Errorf("Map = class %d, %v; want a connection", r.Event.ClassUID, err)
	}
}

func TestEnded(t *testing.T) {
	tests := []struct {
		state, transport string
		activity, status int
	}{
		{"S0", "tcp", ocsf.ActivityNetworkFail, ocsf.StatusFailure},
		{"S1", "tcp", ocsf.ActivityNetworkOpen, ocsf.StatusSuccess},
		{"SF", "tcp", ocsf.ActivityNetworkClose, ocsf.StatusSuccess},
		{"REJ", "tcp", ocsf.ActivityNetworkRefuse, ocsf.StatusFailure},
		{"S2", "tcp", ocsf.ActivityNetworkClose, ocsf.StatusSuccess},
		{"S3", "tcp", ocsf.ActivityNetworkClose, ocsf.StatusSuccess},
		{"RSTO", "tcp", ocsf.ActivityNetworkReset, ocsf.StatusSuccess},
		{"RSTR", "tcp", ocsf.ActivityNetworkReset, ocsf.StatusSuccess},
		{"RSTOS0", "tcp", ocsf.ActivityNetworkFail, ocsf.StatusFailure},
		{"RSTRH", "tcp", ocsf.ActivityNetworkReset, ocsf.StatusUnknown},
		{"SH", "tcp", ocsf.ActivityNetworkFail, ocsf.StatusFailure},
		{"SHR", "tcp", ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"OTH", "tcp", ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"", "tcp", ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"SF", "udp", ocsf.ActivityNetworkTraffic, ocsf.StatusSuccess},
		{"S0", "udp", ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"OTH", "icmp", ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
	}
	for _, tt := range tests {
		activity, status := ended(tt.state, tt.transport)
		if activity != tt.activity || status != tt.status {
			t.Errorf("ended(%s, %s) = %d, %d; want %d, %d", tt.state, tt.transport, activity, status, tt.activity, tt.status)
		}
	}
}

// TestNothingStays: a log forgets the line before.
func TestNothingStays(t *testing.T) {
	full := map[string]string{
		"conn":           `"uid":"C","service":"s","conn_state":"SF","history":"h","duration":1,"orig_bytes":1,"tunnel_parents":["x"],"vlan":3,"local_orig":true`,
		"dns":            `"query":"q","rcode":0,"answers":["a"],"TTLs":[1],"rtt":1,"AA":true`,
		"http":           `"method":"GET","host":"h","uri":"/u","status_code":200,"tags":["t"],"username":"u"`,
		"ssl":            `"version":"v","issuer":"i","cert_chain_fps":["f"],"ja3":"j","established":true`,
		"ssh":            `"version":2,"auth_success":true,"client":"c","hassh":"h"`,
		"dhcp":           `"mac":"02:00:00:00:00:01","assigned_addr":"10.0.0.1","msg_types":["ACK"],"host_name":"h","lease_time":1`,
		"mqtt_connect":   `"client_id":"c","connect_status":"Connection Accepted"`,
		"mqtt_publish":   `"topic":"t","retain":true,"payload_len":1`,
		"mqtt_subscribe": `"topics":["t"],"qos_levels":[1],"action":"MQTT::UNSUBSCRIBE"`,
		"modbus":         `"func":"READ_COILS","exception":"e","tid":1`,
		"notice":         `"note":"n","msg":"m","src":"10.0.0.1","actions":["a"],"n":1`,
	}
	for log, fields := range full {
		bare := cordon.Record{Value: []byte(`{"_path":"` + log + `","ts":1772409600}`)}
		fresh, _, _ := newTestMapper()
		used, _, _ := newTestMapper()
		var want, got report.Report
		if err := fresh.Map(bare, &want); err != nil {
			t.Fatal(err)
		}
		if err := used.Map(cordon.Record{Value: []byte(`{"_path":"` + log + `","ts":1772409600,` + fields + `}`)}, &got); err != nil {
			t.Fatal(err)
		}
		got.Reset()
		if err := used.Map(bare, &got); err != nil {
			t.Fatal(err)
		}
		if a, b := string(want.Event.AppendJSON(nil)), string(got.Event.AppendJSON(nil)); a != b {
			t.Errorf("%s: after another line:\n%s\nwant\n%s", log, b, a)
		}
		if got.Src != want.Src || got.Taught != want.Taught {
			t.Errorf("%s: source %v, taught %v; want %v, %v", log, got.Src, got.Taught, want.Src, want.Taught)
		}
	}
	m, _, _ := newTestMapper()
	if len(full) != len(m.logs) {
		t.Errorf("%d logs tested; there are %d", len(full), len(m.logs))
	}
}
