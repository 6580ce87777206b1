package eve

import (
	"errors"
	"strings"
	"testing"

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

func newTestMapper() (*Mapper, counter) {
	lost := counter{}
	return NewMapper(field.Names{Undeclared: lost.open, Clipped: counter{}.open}), lost
}

func TestEnded(t *testing.T) {
	flowOf := func(state string, toClient int64, ts, tc string) record {
		var e record
		e.proto = "TCP"
		e.flow.state, e.flow.toClient = state, ocsf.Some(toClient)
		e.tcp.fromClient, e.tcp.fromServer = ts, tc
		return e
	}
	udp := flowOf("new", 0, "", "")
	udp.proto = "UDP"
	answered := flowOf("established", 1, "", "")
	answered.proto = "UDP"
	tests := []struct {
		name             string
		flow             record
		activity, status int
	}{
		{"no answer", flowOf("new", 0, "02", "00"), ocsf.ActivityNetworkFail, ocsf.StatusFailure},
		{"refused", flowOf("closed", 1, "02", "14"), ocsf.ActivityNetworkRefuse, ocsf.StatusFailure},
		{"reset by the server", flowOf("closed", 3, "1a", "16"), ocsf.ActivityNetworkReset, ocsf.StatusSuccess},
		{"reset by the client", flowOf("closed", 3, "1e", "12"), ocsf.ActivityNetworkReset, ocsf.StatusSuccess},
		{"closed", flowOf("closed", 3, "1b", "1b"), ocsf.ActivityNetworkClose, ocsf.StatusSuccess},
		{"still open", flowOf("established", 3, "1a", "1a"), ocsf.ActivityNetworkOpen, ocsf.StatusSuccess},
		{"seen from the middle on", flowOf("new", 0, "10", "00"), ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"no flags", flowOf("closed", 3, "", ""), ocsf.ActivityNetworkClose, ocsf.StatusSuccess},
		{"datagram", udp, ocsf.ActivityNetworkTraffic, ocsf.StatusUnknown},
		{"datagram with an answer", answered, ocsf.ActivityNetworkTraffic, ocsf.StatusSuccess},
	}
	for _, tt := range tests {
		activity, status := tt.flow.ended()
		if activity != tt.activity || status != tt.status {
			t.Errorf("%s: ended() = %d, %d; want %d, %d", tt.name, activity, status, tt.activity, tt.status)
		}
	}
}

func TestSeverity(t *testing.T) {
	for priority, want := range map[int64]int{
		0: ocsf.SeverityUnknown, -1: ocsf.SeverityUnknown, 1: ocsf.SeverityHigh, 2: ocsf.SeverityMedium,
		3: ocsf.SeverityLow, 4: ocsf.SeverityInformational, 255: ocsf.SeverityInformational,
	} {
		if got := severity(priority); got != want {
			t.Errorf("severity(%d) = %d; want %d", priority, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	for s, want := range map[string]int64{
		"2020-01-01T00:00:00": 1577836800000, "2020-01-01T00:00:00Z": 1577836800000,
		"": 0, "soon": 0, "1950-01-01T00:00:00": 0, "99999-01-01T00:00:00": 0,
	} {
		if got := date(s); got != want {
			t.Errorf("date(%q) = %d; want %d", s, got, want)
		}
	}
}

// TestFlowTime: a flow happened when it began, and was written down later.
func TestFlowTime(t *testing.T) {
	m, _ := newTestMapper()
	var r report.Report
	in := `{"timestamp":"2026-03-02T12:10:00Z","event_type":"flow","proto":"TCP","flow":{"start":"2026-03-02T12:00:00Z","end":"2026-03-02T12:00:03.5Z"}}`
	if err := m.Map(cordon.Record{Value: []byte(in)}, &r); err != nil {
		t.Fatal(err)
	}
	start, logged := int64(1772452800000), int64(1772453400000)
	if r.Event.Time != start || r.Metadata.LoggedTime != logged || r.Event.Duration != ocsf.Some[int64](3500) {
		t.Errorf("time %d, logged %d, duration %v; want %d, %d, 3500", r.Event.Time, r.Metadata.LoggedTime, r.Event.Duration, start, logged)
	}
}

func TestTurn(t *testing.T) {
	for _, tt := range []struct {
		name, record, src string
	}{
		{"answer of the first version", `"src_ip":"10.0.0.1","src_port":53,"dest_ip":"10.0.0.2","dest_port":4000,"dns":{"type":"answer","rrname":"a"}`, "10.0.0.2"},
		{"answer of the second", `"src_ip":"10.0.0.2","src_port":4000,"dest_ip":"10.0.0.1","dest_port":53,"dns":{"version":2,"type":"answer","rrname":"a"}`, "10.0.0.2"},
		{"question", `"src_ip":"10.0.0.1","src_port":53,"dest_ip":"10.0.0.2","dest_port":4000,"dns":{"type":"query","rrname":"a"}`, "10.0.0.1"},
		{"between servers", `"src_ip":"10.0.0.1","src_port":53,"dest_ip":"10.0.0.2","dest_port":53,"dns":{"type":"answer","rrname":"a"}`, "10.0.0.1"},
	} {
		m, _ := newTestMapper()
		var r report.Report
		if err := m.Map(cordon.Record{Value: []byte(`{"timestamp":"2026-03-02T12:00:00Z","event_type":"dns",` + tt.record + `}`)}, &r); err != nil {
			t.Fatal(err)
		}
		if got := r.Src.Addr.String(); got != tt.src {
			t.Errorf("%s: source = %s; want %s", tt.name, got, tt.src)
		}
	}
}

// TestSecretsStay: what may be a secret is not in the event, and is counted.
func TestSecretsStay(t *testing.T) {
	m, lost := newTestMapper()
	var r report.Report
	in := `{"timestamp":"2026-03-02T12:00:00Z","event_type":"mqtt","payload":"hush","mqtt":{"connect":{"client_id":"c","password":"hush","will":{"topic":"t","message":"hush"}},"publish":{"topic":"t","message":"hush"}}}`
	if err := m.Map(cordon.Record{Value: []byte(in)}, &r); err != nil {
		t.Fatal(err)
	}
	if body := string(r.Event.AppendJSON(nil)); strings.Contains(body, "hush") {
		t.Errorf("event has a secret: %s", body)
	}
	if diff := cmp.Diff(counter{"payload": 1, "password": 1, "message": 2}, lost); diff != "" {
		t.Errorf("undeclared (-want +got):\n%s", diff)
	}
}

func TestNotMapped(t *testing.T) {
	m, _ := newTestMapper()
	var r report.Report
	var drop report.Drop
	if err := m.Map(cordon.Record{Value: []byte(`{"event_type":"stats"}`)}, &r); !errors.As(err, &drop) || drop != report.EVEStats {
		t.Errorf("Map(stats) = %v; want it dropped", err)
	}
	if err := m.Map(cordon.Record{Value: []byte("\n")}, &r); !errors.As(err, &drop) || drop != report.Blank {
		t.Errorf("Map(blank) = %v; want it dropped", err)
	}
	for value, want := range map[string]report.Reason{
		`{"timestamp":"2026-03-02T12:00:00Z","event_type":"anomaly"}`: report.EVEType,
		`{"timestamp":"2026-03-02T12:00:00Z"}`:                        report.EVEType,
		`{"event_type":"alert"}`:                                      report.Time,
		`[]`:                                                          report.JSONSyntax,
		`{"event_type":"alert","x":"` + strings.Repeat("x", 1<<20) + `"}`: report.Size,
	} {
		var refused *report.Refusal
		if err := m.Map(cordon.Record{Value: []byte(value)}, &r); !errors.As(err, &refused) || refused.Reason != want {
			t.Errorf("Map(%.60s) = %v; want it refused for %s", value, err, want)
		}
	}
}

// TestNothingStays: a record forgets the one before.
func TestNothingStays(t *testing.T) {
	full := `"flow_id":7,"in_iface":"e","src_ip":"10.0.0.1","vlan":[1],"tx_id":3,"host":"h","community_id":"c","ether":{"src_mac":"02:00:00:00:00:01"},
		"alert":{"action":"allowed","signature":"s","signature_id":1,"rev":2,"category":"c","severity":1,"metadata":{"k":["v"]}},
		"flow":{"start":"2026-03-02T12:00:00Z","end":"2026-03-02T12:00:01Z","pkts_toserver":1,"state":"closed","reason":"r"},"tcp":{"tcp_flags":"1b"},
		"dns":{"type":"answer","rrname":"n","rcode":"NOERROR","rdata":"d","queries":[{"rrname":"q"}],"answers":[{"rrname":"n","rdata":"d"}]},
		"tls":{"sni":"s","issuerdn":"i","ja4":"j","session_resumed":true},"http":{"hostname":"h","http_method":"GET","status":200},
		"mqtt":{"connect":{"client_id":"c"},"subscribe":{"topics":[{"topic":"t","qos":1}]}},"modbus":{"request":{"function_raw":3,"read":{"address":1}}}`
	m, _ := newTestMapper()
	for kind := range m.kinds {
		bare := cordon.Record{Value: []byte(`{"timestamp":"2026-03-02T12:00:00Z","event_type":"` + kind + `"}`)}
		fresh, _ := newTestMapper()
		used, _ := newTestMapper()
		var want, got report.Report
		if err := fresh.Map(bare, &want); err != nil {
			t.Fatal(err)
		}
		if err := used.Map(cordon.Record{Value: []byte(`{"timestamp":"2026-03-02T12:00:00Z","event_type":"` + kind + `",` + full + `}`)}, &got); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got.Reset()
		if err := used.Map(bare, &got); err != nil {
			t.Fatal(err)
		}
		if a, b := string(want.Event.AppendJSON(nil)), string(got.Event.AppendJSON(nil)); a != b {
			t.Errorf("%s: after another record:\n%s\nwant\n%s", kind, b, a)
		}
	}
}
