package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// append appends values to a topic under one key.
func (s *stack) append(topic, key string, values ...[]byte) {
	s.t.Helper()
	a, err := stream.NewAppender(s.kafka, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	for _, v := range values {
		if _, err := a.Append(s.t.Context(), topic, cordon.Record{Key: key, Value: v}); err != nil {
			s.t.Fatalf("append %d bytes to %s: %v", len(v), topic, err)
		}
	}
}

// telnet is a Zeek record of a device that somebody reached by Telnet.
func telnet(n int) []byte {
	return fmt.Appendf(nil, `{"_path":"conn","_sensor":"s1","ts":%d.5,"uid":"C%d","id.orig_h":"192.0.2.%d","id.orig_p":4000,`+
		`"id.resp_h":"10.1.0.7","id.resp_p":23,"proto":"tcp","service":"telnet","duration":4.0,"orig_bytes":300,"resp_bytes":900,`+
		`"conn_state":"SF","history":"ShADadFf","orig_pkts":20,"orig_ip_bytes":1400,"resp_pkts":22,"resp_ip_bytes":2000}`, 1772409600+n, n, n%250+1)
}

// TestGarbageIsRejected: what cannot be an event keeps its bytes and the
// reason, and the good record behind it goes through.
func TestGarbageIsRejected(t *testing.T) {
	s := newStack(t)
	big := append([]byte(`{"_path":"conn","x":"`), bytes.Repeat([]byte("a"), 1<<20-64)...)
	big = append(big, `"}`...)
	for _, tc := range []struct {
		name, topic string
		value       []byte
		reason      string // of which the code must speak
	}{
		{"truncated", s.topics.Raw("zeek"), telnet(1)[:90], "json"},
		{"NUL bytes", s.topics.Raw("zeek"), []byte("\x00\x00\x00\x00"), "zeek"},
		{"1 MiB", s.topics.Raw("zeek"), big, "size"},
		{"unknown log", s.topics.Raw("zeek"), []byte(`{"_path":"kerberos","ts":1}`), "path"},
		{"not Suricata", s.topics.Raw("eve"), []byte(`{"event_type":"kerberos"}`), "eve.event_type"},
		{"wrong class", s.topics.Raw("ocsf"), []byte(`{"class_uid":9999,"time":1}`), "class"},
		{"forged windows", s.topics.Raw("ocsf"), []byte(`{"class_uid":4001,"windows":{"x":{"count":9}}}`), "reserved"},
		{"duplicate key", s.topics.Raw("ocsf"), []byte(`{"class_uid":4001,"class_uid":4001}`), "duplicate"},
		{"deep", s.topics.Raw("ocsf"), []byte(strings.Repeat(`{"a":`, 5000)), "json.depth"},
	} {
		before := s.records(s.topics.Rejected())
		s.append(tc.topic, "s1", tc.value, tc.value)
		eventually(t, 20*time.Second, func() string { return tc.name + " is not in rejected" }, func() bool {
			return s.records(s.topics.Rejected()) == before+2
		})
		s.checkRejected(tc.name, tc.value, tc.reason)
	}
	s.append(s.topics.Raw("zeek"), "s1", telnet(1))
	eventually(t, 20*time.Second, func() string { return "the good record is not an event" }, func() bool {
		return s.records(s.topics.Events()) == 1
	})
	rejected := s.records(s.topics.Rejected())
	eventually(t, 30*time.Second, func() string { return "rejected records have no rows" }, func() bool {
		return s.count("SELECT count() FROM rejected") == rejected
	})
}

func (s *stack) checkRejected(name string, value []byte, reason string) {
	s.t.Helper()
	found := 0
	s.each(s.topics.Rejected(), func(r cordon.Record) {
		j, err := cordon.RejectedOf(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		if !bytes.Equal(j.Bytes, value) {
			return
		}
		found++
		if j.Detail == "" || j.Input == "" || !strings.Contains(j.Reason, reason) {
			s.t.Errorf("%s: rejected as %q, %q, from %q; want a reason with %q, a detail and a position", name, j.Reason, j.Detail, j.Input, reason)
		}
	})
	if found != 2 {
		s.t.Errorf("%s: %d rejected records hold its bytes; want 2", name, found)
	}
}

// TestBrokenRule: a rule that does not compile is named with file and line, and
// the other rules find what they look for.
func TestBrokenRule(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testdata.Root(), "policies"))); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "network", "broken", "policy.rego")
	if err := os.MkdirAll(filepath.Dir(broken), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, broken, "package policies.network.broken\n\nfindings contains x if {\n\tx := nothing_of_that_name(1)\n}\n")
	s := newStack(t, func(s *stack) { s.policies = dir })
	eventually(t, 30*time.Second, func() string { return "detect does not name the broken file and line" }, func() bool {
		return s.detect.logs.contains(`"file":"network/broken/policy.rego","line":4,`) && s.detect.logs.contains("nothing_of_that_name")
	})
	s.feed(testdata.Shared(t, fleetFile), "zeek")
	s.settled(fleetRecords)
	if len(s.findings()) == 0 {
		t.Error("no findings: one broken rule stopped the others")
	}
}

// TestStoreDown: while ClickHouse is away, detection and response go on, and
// nothing is missing or twice when it is back.
func TestStoreDown(t *testing.T) {
	s := newStack(t)
	s.store.kill()
	s.feed(testdata.Shared(t, fleetFile), "zeek")
	eventually(t, time.Minute, func() string { return "no quarantine while the store is away" }, func() bool {
		return len(s.hook.effects()) > 0
	})
	eventually(t, time.Minute, func() string { return "ingest does not say what is wrong with ClickHouse" }, func() bool {
		return s.ingest.logs.contains("connection refused")
	})
	s.store.run()
	s.settled(fleetRecords)
	s.checkFleet(0)
}

// TestReceiverDown: while the receiver is away the pipeline goes on; when it is
// back every quarantine comes, once.
func TestReceiverDown(t *testing.T) {
	s := newStack(t)
	s.hook.setDown(true)
	s.feed(testdata.Shared(t, fleetFile), "zeek")
	eventually(t, 2*time.Minute, func() string { return "events stand still while the receiver is away" }, func() bool {
		return s.records(s.topics.Events()) == fleetRecords && s.records(s.topics.Actions()) > 0
	})
	if n := len(s.hook.effects()); n != 0 {
		t.Fatalf("%d effects while the receiver was down", n)
	}
	s.hook.setDown(false)
	s.settled(fleetRecords)
	s.checkFleet(0)
}

// digested waits until every raw record is an event or rejected.
func (s *stack) digested() {
	s.t.Helper()
	eventually(s.t, 2*time.Minute, func() string {
		return fmt.Sprintf("%d raw records became %d events and %d rejected", s.records(s.topics.Raw("zeek")),
			s.records(s.topics.Events()), s.records(s.topics.Rejected()))
	}, func() bool {
		return s.records(s.topics.Events())+s.records(s.topics.Rejected()) >= s.records(s.topics.Raw("zeek"))
	})
}

// TestCommandsExplainMistakes: what an operator gets wrong is answered with the
// cause and the next step, and exit code 1.
func TestCommandsExplainMistakes(t *testing.T) {
	nobody := freeAddress(t)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "hunter2")
	for _, tc := range []struct {
		name string
		args []string
		want []string
	}{
		{"unknown format", []string{"cordon", "feed", "x", "--format", "xml"}, []string{"xml", "zeek"}},
		{"missing file", []string{"cordon", "feed", "no-such-file", "--format", "zeek", "--kafka-brokers", nobody}, []string{"no-such-file"}},
		{"no broker", []string{"cordon", "tap", "events", "--kafka-brokers", nobody}, []string{nobody}},
		{"no webhook", []string{"respond", "--listen", ""}, []string{"webhook-url", "CORDON_WEBHOOK_URL"}},
		{"bad secret", []string{"respond", "--listen", "", "--webhook-url", "http://127.0.0.1:1", "--webhook-secret-file", secret}, []string{"whsec_"}},
		{"no policies", []string{"detect", "--listen", "", "--policies", "no-such-dir", "--kafka-brokers", nobody}, []string{"no-such-dir"}},
		{"bad flag", []string{"ingest", "--kafka-broker", "x"}, []string{"kafka-broker"}},
	} {
		c := exec.CommandContext(t.Context(), bin(t, tc.args[0]), tc.args[1:]...)
		out, err := c.CombinedOutput()
		if c.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: `%s` = %v; want exit code 1", tc.name, strings.Join(tc.args, " "), err)
		}
		for _, w := range tc.want {
			if !strings.Contains(string(out), w) {
				t.Errorf("%s: `%s` printed\n%swant it to name %q", tc.name, strings.Join(tc.args, " "), out, w)
			}
		}
		if strings.Contains(string(out), "hunter2") {
			t.Errorf("%s: the secret was printed", tc.name)
		}
	}
}
