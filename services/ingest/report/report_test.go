package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/ocsf"
)

func TestParseSeconds(t *testing.T) {
	tests := []struct {
		in   string
		want Micros
		ok   bool
	}{
		{"1521911720.865716", 1521911720865716, true},
		{"1521911720", 1521911720000000, true},
		{"0.00087", 870, true},
		{"3.000000", 3000000, true},
		{"0.0000004", 0, true},
		{"0.0000006", 1, true}, // rounded
		{"-1.5", -1500000, true},
		{"1e3", 1000000000, true},
		{"", 0, false},
		{".5", 500000, true},
		{"1.2.3", 0, false},
		{"1.x", 0, false},
		{"99999999999999999999", 0, false},
		{"NaN", 0, false},
	}
	for _, tt := range tests {
		got, ok := ParseSeconds(tt.in)
		if got != tt.want || ok != tt.ok {
			t.Errorf("ParseSeconds(%q) = %d, %v; want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// A writer of doubles and one of decimals mean the same span.
func TestSecondsOf(t *testing.T) {
	for text, number := range map[string]float64{
		"0.000870": 0.0008699893951416016, "0.000871": 0.0008711814880371094, "3.139211": 3.139211,
		"1772409600.091194": 1772409600.091194,
	} {
		a, ok := ParseSeconds(text)
		b, ok2 := SecondsOf(number)
		if a != b || !ok || !ok2 {
			t.Errorf("ParseSeconds(%s) = %d; SecondsOf(%v) = %d", text, a, number, b)
		}
	}
}

func TestParseTime(t *testing.T) {
	want := Micros(time.Date(2026, 3, 2, 10, 1, 38, 221126000, time.UTC).UnixMicro())
	for _, s := range []string{"2026-03-02T10:01:38.221126Z", "2026-03-02T11:01:38.221126+01:00", "2026-03-02T11:01:38.221126+0100"} {
		if got, ok := ParseTime(s); got != want || !ok {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", s, got, ok, want)
		}
	}
	if _, ok := ParseTime("2026-03-02"); ok {
		t.Error("ParseTime(a date) = true; want false")
	}
}

func TestMillis(t *testing.T) {
	for us, want := range map[Micros]int64{1999: 1, 2000: 2, 0: 0, -1: -1, -1000: -1, -1001: -2} {
		if got := us.Millis(); got != want {
			t.Errorf("Micros(%d).Millis() = %d; want %d", us, got, want)
		}
	}
}

func TestIsLocal(t *testing.T) {
	tests := []struct {
		addr string
		want bool
	}{
		{"10.1.2.3", true}, {"172.16.0.1", true}, {"172.32.0.1", false}, {"192.168.0.1", true},
		{"169.254.1.1", true}, {"100.64.0.1", true}, {"100.128.0.1", false}, {"127.0.0.1", true},
		{"fd00::1", true}, {"fe80::1", true}, {"2001:db8::1", false}, {"::", true}, {"0.0.0.0", true},
		{"224.0.0.251", true}, {"255.255.255.255", true}, {"ff02::1", true}, {"198.51.100.7", false},
	}
	for _, tt := range tests {
		s := Side{Addr: netip.MustParseAddr(tt.addr)}
		if got := s.IsLocal(); got != tt.want {
			t.Errorf("IsLocal(%s) = %v; want %v", tt.addr, got, tt.want)
		}
		s.Local = ocsf.Some(!tt.want)
		if got := s.IsLocal(); got == tt.want {
			t.Errorf("IsLocal(%s), the sensor says %v = %v", tt.addr, !tt.want, got)
		}
	}
	if (&Side{}).IsLocal() {
		t.Error("IsLocal(no address) = true; want false")
	}
}

func TestAsked(t *testing.T) {
	tests := []struct {
		name, host, target string
		want               ocsf.URL
	}{
		{"path", "a.example", "/x?y=z", ocsf.URL{Hostname: "a.example", Path: "/x", QueryString: "y=z"}},
		{"port", "a.example:8080", "/", ocsf.URL{Hostname: "a.example", Port: ocsf.Some(8080), Path: "/"}},
		{"no port after all", "a.example:http", "/", ocsf.URL{Hostname: "a.example:http", Path: "/"}},
		{"IPv6", "[2001:db8::1]:81", "/", ocsf.URL{Hostname: "2001:db8::1", Port: ocsf.Some(81), Path: "/"}},
		{"proxy, with a password", "", "http://u:p@b.example/x", ocsf.URL{Scheme: "http", Hostname: "b.example", Path: "/x"}},
		{"proxy, no path", "", "http://b.example", ocsf.URL{Scheme: "http", Hostname: "b.example", Path: "/"}},
		{"proxy, query at once", "", "http://b.example?q", ocsf.URL{Scheme: "http", Hostname: "b.example", Path: "/", QueryString: "q"}},
		{"control characters", "a\x00b", "/", ocsf.URL{Hostname: `a\x00b`, Path: "/"}},
		{"nothing", "", "", ocsf.URL{Path: "/"}},
	}
	for _, tt := range tests {
		var r Report
		r.Asked(tt.host, tt.target)
		if diff := cmp.Diff(tt.want, r.URL); diff != "" {
			t.Errorf("%s: Asked(%q, %q) (-want +got):\n%s", tt.name, tt.host, tt.target, diff)
		}
	}
}

func TestRcode(t *testing.T) {
	tests := []struct {
		n      int64
		name   string
		id     int
		text   string
		status int
	}{
		{0, "NOERROR", ocsf.RcodeNoError, "NOERROR", ocsf.StatusSuccess},
		{3, "", ocsf.RcodeNXDomain, "RCODE3", ocsf.StatusFailure},
		{13, "odd", ocsf.RcodeOther, "odd", ocsf.StatusFailure},
		{-1, "", ocsf.RcodeOther, "RCODE-1", ocsf.StatusFailure},
		{23, "BADCOOKIE", ocsf.RcodeBADCOOKIE, "BADCOOKIE", ocsf.StatusFailure},
	}
	for _, tt := range tests {
		var r Report
		r.Rcode(tt.n, tt.name)
		if r.Event.RcodeID != ocsf.Some(tt.id) || r.Event.Rcode != tt.text || r.Event.StatusID != tt.status {
			t.Errorf("Rcode(%d, %q) = %v %q %d; want %d %q %d", tt.n, tt.name,
				r.Event.RcodeID, r.Event.Rcode, r.Event.StatusID, tt.id, tt.text, tt.status)
		}
	}
}

func TestModbusNames(t *testing.T) {
	for _, f := range modbusFunctions() {
		if code, ok := ModbusCode(f.name); code != f.code || !ok {
			t.Errorf("ModbusCode(%s) = %d, %v; want %d", f.name, code, ok, f.code)
		}
		if name := ModbusName(f.code); name != f.name {
			t.Errorf("ModbusName(%d) = %s; want %s", f.code, name, f.name)
		}
		if write := strings.Contains(f.name, "WRITE"); write != (f.access == "write") {
			t.Errorf("%s has access %q", f.name, f.access)
		}
	}
	if code, ok := ModbusCode("unknown-100"); code != 100 || !ok {
		t.Errorf("ModbusCode(unknown-100) = %d, %v; want 100", code, ok)
	}
	if _, ok := ModbusCode("no such"); ok {
		t.Error("ModbusCode(no such) = true; want false")
	}
}

// TestReset: nothing of a record may show in the next one.
func TestReset(t *testing.T) {
	var r Report
	r.Time = 1
	r.Sensor, r.Device = "s", "d"
	r.Src.Host = "h"
	r.Begin(ocsf.ClassHTTPActivity, 1)
	r.From("P", "V", "log")
	r.Connection("tcp")
	r.Asked("h", "/")
	r.Answered(200, "OK")
	r.Found(1, "t", "u")
	r.KeepText("conn_state", "SF")
	r.Answer(ocsf.DNSAnswer{Rdata: "x"})
	r.MarkClipped()
	r.Reset()
	r.Begin(ocsf.ClassDNSActivity, 1)
	r.From("P", "V", "dns")
	want := `{"activity_id":1,"category_uid":4,"class_uid":4003,"metadata":{"log_name":"dns","product":{"name":"P","vendor_name":"V"},"version":"1.8.0"},"severity_id":1,"time":0,"type_uid":400301}`
	if got := string(r.Event.AppendJSON(nil)); got != want {
		t.Errorf("event after Reset = %s; want %s", got, want)
	}
	if r.Device != "" || r.Src.Known() || r.Time != 0 {
		t.Errorf("after Reset: device %q, source %v, time %d", r.Device, r.Src, r.Time)
	}
}
