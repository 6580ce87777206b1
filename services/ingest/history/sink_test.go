package history

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/storetest"
	"github.com/cordon-iot/cordon/schemas/clickhouse"
)

var (
	noon     = time.Date(2026, 3, 2, 12, 0, 0, 250e6, time.UTC) // when things happened
	recorded = time.Date(2026, 3, 2, 12, 0, 1, 500e6, time.UTC) // when the log took the raw records
	// logged is when the log took the records: now, or rows would expire as
	// they come.
	logged     = time.Now().UTC().Truncate(time.Millisecond)
	loggedText = logged.Format("2006-01-02 15:04:05.000")
)

const flow = `{"activity_id":6,"app_name":"mqtt","category_uid":4,"class_uid":4001,` +
	`"connection_info":{"direction_id":2,"flag_history":"ShADad","protocol_name":"tcp","protocol_num":6,"uid":"C73f3889457aef9dd3"},` +
	`"device":{"model":"M1","name":"pump 7","os":{"name":"RTOS","type_id":99,"version":"2.1.0"},"type":"pump","type_id":7,"uid":"pump-7","vendor_name":"Acme","zone":"plant"},` +
	`"dst_endpoint":{"ip":"203.0.113.9","port":8883,"zone":"internet"},"duration":1250,` +
	`"metadata":{"log_name":"conn","logged_time":1772452801500,"product":{"name":"Zeek","vendor_name":"Zeek"},"uid":"x","version":"1.8.0"},` +
	`"severity_id":1,"src_endpoint":{"ip":"2001:db8::7","mac":"00:17:88:24:76:ff","port":50123,"uid":"pump-7"},` +
	`"status_id":1,"time":1772452800250,"traffic":{"bytes_in":18446744073709551615,"bytes_out":900,"packets_in":3,"packets_out":4},` +
	`"type_uid":400106,"unmapped":{"conn_local_orig":true,"conn_state":"SF","cordon_auth":"none"}}`

func event(body string) cordon.Record {
	return cordon.Event{
		ID: "e-1", Device: "pump-7", Class: "network_activity", Source: "/sensors/s-02",
		Time: noon, Recorded: recorded, Body: []byte(body),
	}.Record()
}

// at puts records into one partition, one after the other.
func at(topic string, offset int64, recs ...cordon.Record) []cordon.Record {
	for i := range recs {
		recs[i].Position = cordon.Position{Topic: topic, Partition: 3, Offset: offset + int64(i)}
		if recs[i].Time.IsZero() {
			recs[i].Time = logged
		}
	}
	return recs
}

func must(t testing.TB) func(cordon.Record, error) cordon.Record {
	return func(r cordon.Record, err error) cordon.Record {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// into returns the sink of a table, as the user that may only insert.
func into(t testing.TB, dsn, name string) *sink {
	t.Helper()
	for _, x := range tables(cordon.Topics{}) {
		if x.name == name {
			return newSink(dial(t, dsn), x, nil)
		}
	}
	t.Fatalf("no table %s", name)
	return nil
}

func insert(t testing.TB, s *sink, token string, recs []cordon.Record) {
	t.Helper()
	if err := s.Insert(t.Context(), token, recs); err != nil {
		t.Fatal(err)
	}
}

func TestInsertEvent(t *testing.T) {
	dsn := schema(t)
	insert(t, into(t, dsn.Writer, "events"), "a", at("events", 41, event(flow)))
	got := row(t, dsn.Reader, "SELECT * FROM v1_events")
	want := map[string]string{
		"time": "2026-03-02 12:00:00.250", "recorded": "2026-03-02 12:00:01.500", "logged_time": "2026-03-02 12:00:01.500", "delay_ms": "1250",
		"device_id": "pump-7", "device_name": "pump 7", "device_type": "pump", "vendor": "Acme", "model": "M1", "firmware": "2.1.0", "zone": "plant",
		"device_ip": "::", "device_mac": "", "os": "RTOS", "managed": "false", "sensor": "", "product": "Zeek", "auth": "none",
		"ip_version": "0", "boundary_id": "0", "conn_state": "SF", "bytes": "0", "ip_bytes_in": "0", "ip_bytes_out": "0", "packets": "0",
		"user_agent": "", "dns_type": "",
		"class": "network_activity", "activity_id": "6", "severity": "informational", "status_id": "1", "action_id": "0", "disposition_id": "0",
		"source": "/sensors/s-02", "log": "conn",
		"src_ip": "2001:db8::7", "src_port": "50123", "src_mac": "00:17:88:24:76:ff", "src_zone": "", "src_device_id": "pump-7",
		"dst_ip": "::ffff:203.0.113.9", "dst_port": "8883", "dst_mac": "", "dst_zone": "internet", "dst_device_id": "",
		"proto": "tcp", "app": "mqtt", "direction_id": "2", "connection_uid": "C73f3889457aef9dd3", "tcp_history": "ShADad",
		"bytes_in": "0", "bytes_out": "900", "packets_in": "3", "packets_out": "4", "duration_ms": "1250",
		"domain": "", "url_path": "", "user_name": "", "position": "events/3/41",
		"attrs": "{'traffic.bytes_in':'18446744073709551615','unmapped.conn_local_orig':'true'}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("v1_events after Insert (-want +got):\n%s", diff)
	}
}

func TestInsertFinding(t *testing.T) {
	dsn := schema(t)
	f := cordon.Finding{
		ID: "f-1", Policy: cordon.PolicyRef{ID: "CRD-0007", Package: "policies.network.scan", Title: "Port scan", Digest: "d1"},
		Device: "pump-7", Zone: "plant", Cause: "e-1", CauseAt: cordon.Position{Topic: "events", Partition: 3, Offset: 41},
		Time: noon, Severity: cordon.High, Response: cordon.Quarantine, Lease: time.Hour,
		Summary: "pump-7 tried 40 ports", Attack: []string{"T1046", "T0846"}, Evidence: map[string]any{"ports": 40},
	}
	s := into(t, dsn.Writer, "findings")
	insert(t, s, "a", at("findings", 7, must(t)(f.Record())))
	insert(t, s, "b", at("findings", 8, must(t)(f.Record()))) // the same events, fed again
	got := row(t, dsn.Reader, "SELECT * FROM v1_findings")
	want := map[string]string{
		"time": "2026-03-02 12:00:00.250", "logged": loggedText, "finding_id": "f-1", "policy_id": "CRD-0007", "title": "Port scan",
		"device_id": "pump-7", "zone": "plant", "severity": "high", "response": "quarantine", "lease_s": "3600", "summary": "pump-7 tried 40 ports",
		"attack": "['T1046','T0846']", "evidence": `{"ports":40}`, "cause_id": "e-1", "cause": "events/3/41",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("v1_findings after Insert (-want +got):\n%s", diff)
	}
	if n := one[uint64](t, dial(t, dsn.Reader), "SELECT count() FROM findings"); n != 2 {
		t.Errorf("rows in findings = %d; want 2, one per record", n)
	}
}

func TestInsertActions(t *testing.T) {
	dsn := schema(t)
	a := cordon.Action{
		ID: "a-1", Op: "op-1", Device: "pump-7", Zone: "plant", Finding: "f-1", Policy: "CRD-0007", Level: cordon.Isolate, Enforcer: "webhook",
		Since: noon, Until: noon.Add(time.Hour), By: "policy:CRD-0007", Reason: "port scan",
	}
	step := func(s cordon.ActionState, after time.Duration, by string) cordon.Record {
		x := a
		x.State, x.At, x.By, x.Attempt = s, noon.Add(after), by, 1
		return must(t)(x.Record())
	}
	s := into(t, dsn.Writer, "actions")
	insert(t, s, "a", at("actions", 5, step(cordon.ApplyIntended, 0, "policy:CRD-0007"), step(cordon.Applied, time.Second, "policy:CRD-0007")))
	want := map[string]string{
		"device_id": "pump-7", "action_id": "a-1", "enforcer": "webhook", "zone": "plant", "level": "isolate", "state": "applied", "in_force": "1",
		"since": "2026-03-02 12:00:00.250", "until": "2026-03-02 13:00:00.250", "applied_at": "2026-03-02 12:00:01.250", "released_at": `\N`,
		"finding_id": "f-1", "policy_id": "CRD-0007", "principal": "policy:CRD-0007", "reason": "port scan",
	}
	if diff := cmp.Diff(want, row(t, dsn.Reader, "SELECT * FROM v1_quarantines")); diff != "" {
		t.Errorf("v1_quarantines while contained (-want +got):\n%s", diff)
	}
	insert(t, s, "b", at("actions", 7, step(cordon.ReleaseIntended, time.Hour, "lease"), step(cordon.Released, time.Hour+time.Second, "lease")))
	want["state"], want["in_force"], want["principal"], want["released_at"] = "released", "0", "lease", "2026-03-02 13:00:01.250"
	if diff := cmp.Diff(want, row(t, dsn.Reader, "SELECT * FROM v1_quarantines")); diff != "" {
		t.Errorf("v1_quarantines after release (-want +got):\n%s", diff)
	}
	if n := one[uint64](t, dial(t, dsn.Reader), "SELECT count() FROM v1_actions"); n != 4 {
		t.Errorf("rows of v1_actions = %d; want 4, one per step", n)
	}
}

func TestInsertDevices(t *testing.T) {
	dsn := schema(t)
	d := cordon.Device{
		ID: "pump-7", Since: noon, Name: "pump 7", Type: "pump", Vendor: "Acme", Model: "M1", Firmware: "2.0.0", Serial: "S1", Zone: "plant",
		Site: "north", Owner: "ops", Protected: true, Managed: true, MACs: []string{"00:17:88:24:76:ff"}, Addresses: []string{"10.0.0.7"},
		Sensors: []string{"s-02"}, SupportUntil: noon.AddDate(5, 0, 0), Labels: map[string]string{"b": "2", "a": "1"},
	}
	newer := d
	newer.Since, newer.Firmware = noon.Add(time.Hour), "2.1.0"
	insert(t, into(t, dsn.Writer, "devices"), "a", at("devices", 0, must(t)(d.Record()), must(t)(newer.Record())))
	got := row(t, dsn.Reader, "SELECT * FROM v1_devices")
	want := map[string]string{
		"device_id": "pump-7", "since": "2026-03-02 13:00:00.250", "name": "pump 7", "device_type": "pump", "vendor": "Acme", "model": "M1",
		"firmware": "2.1.0", "serial": "S1", "zone": "plant", "site": "north", "owner": "ops", "protected": "true", "managed": "true",
		"retired": "false", "macs": "['00:17:88:24:76:ff']", "addresses": "['10.0.0.7']", "sensors": "['s-02']", "first_seen": `\N`,
		"cert_not_after": `\N`, "support_until": "2031-03-02 12:00:00.250", "labels": "{'a':'1','b':'2'}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("v1_devices after Insert (-want +got):\n%s", diff)
	}
}

// TestTombstone: a device that was deleted from the topic is retired.
func TestTombstone(t *testing.T) {
	dsn := schema(t)
	d := cordon.Device{ID: "pump-7", Since: noon, Name: "pump 7", Managed: true}
	insert(t, into(t, dsn.Writer, "devices"), "a", at("devices", 0, must(t)(d.Record()), cordon.Record{Key: "pump-7"}))
	got := row(t, dsn.Reader, "SELECT device_id, retired, since FROM v1_devices")
	want := map[string]string{"device_id": "pump-7", "retired": "true", "since": loggedText}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("v1_devices after a tombstone (-want +got):\n%s", diff)
	}
}

func TestInsertRejected(t *testing.T) {
	dsn := schema(t)
	in := cordon.Record{Position: cordon.Position{Topic: "raw.zeek", Partition: 1, Offset: 9}, Time: noon, Key: "s-02", Value: []byte("\x00{\xff")}
	j := cordon.NewRejected(in, "ingest", "json.syntax", "at byte 0", "zeek/1")
	insert(t, into(t, dsn.Writer, "rejected"), "a", at("rejected", 2, must(t)(j.Record())))
	got := row(t, dsn.Reader, "SELECT * EXCEPT bytes, hex(bytes) AS bytes FROM rejected")
	want := map[string]string{
		"logged": loggedText, "recorded": "2026-03-02 12:00:00.250", "service": "ingest", "reason": "json.syntax", "detail": "at byte 0",
		"mapper": "zeek/1", "input_topic": "raw.zeek", "input_partition": "1", "input_offset": "9", "key": "s-02", "bytes": "007BFF",
		"topic": "rejected", "kafka_partition": "3", "kafka_offset": "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejected after Insert (-want +got):\n%s", diff)
	}
}

// TestUnreadable: what is no record of its topic becomes a row of rejected, and
// the records around it are stored.
func TestUnreadable(t *testing.T) {
	store := storetest.Start(t)
	for _, c := range []struct {
		table, name, reason string
		bad                 cordon.Record
	}{
		{"events", "no headers", "record.envelope", cordon.Record{Key: "pump-7", Value: []byte(flow)}},
		{"events", "no key", "record.envelope", keyless(event(flow))},
		{"events", "empty", "record.body", event("")},
		{"events", "truncated", "record.body", event(flow[:400])},
		{"events", "no object", "record.body", event(`[1]`)},
		{"events", "NUL bytes", "record.body", event("\x00\x00")},
		{"findings", "no JSON", "record.body", cordon.Record{Key: "pump-7", Value: []byte("%")}},
		{"actions", "another record", "record.body", event(flow)},
		{"devices", "no id", "record.body", cordon.Record{Key: "pump-7", Value: []byte(`{"id":""}`)}},
		{"rejected", "no position", "record.body", cordon.Record{Value: []byte(`{"input":"here"}`)}},
	} {
		t.Run(c.table+" "+c.name, func(t *testing.T) {
			dsn := schemaIn(t, store)
			insert(t, into(t, dsn.Writer, c.table), "a", at(c.table, 10, sample(t, c.table, 1), c.bad, sample(t, c.table, 2)))
			conn := dial(t, dsn.Reader)
			own := "topic = '" + c.table + "' AND service != 'history'"
			if c.table != "rejected" {
				own = "1"
			}
			if n := one[uint64](t, conn, "SELECT count() FROM "+c.table+" WHERE "+own); n != 2 {
				t.Errorf("rows in %s = %d; want the 2 good records", c.table, n)
			}
			got := row(t, dsn.Reader, "SELECT reason, input_topic, input_offset, topic, kafka_offset, bytes FROM rejected WHERE service = 'history'")
			want := map[string]string{
				"reason": c.reason, "input_topic": c.table, "input_offset": "11", "topic": c.table, "kafka_offset": "11",
				"bytes": string(c.bad.Value),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("row of rejected (-want +got):\n%s", diff)
			}
		})
	}
}

func keyless(r cordon.Record) cordon.Record {
	r.Key = ""
	return r
}

// sample is the nth good record for a table.
func sample(t testing.TB, table string, n int) cordon.Record {
	t.Helper()
	switch table {
	case "findings":
		return must(t)(cordon.Finding{ID: "f", Device: "d", CauseAt: cordon.Position{Topic: "events"}, Time: noon}.Record())
	case "actions":
		return must(t)(cordon.Action{ID: "a", State: cordon.Applied, Device: "d", At: noon}.Record())
	case "devices":
		return must(t)(cordon.Device{ID: cordon.DeviceID("d" + strconv.Itoa(n)), Since: noon}.Record())
	case "rejected":
		return must(t)(cordon.NewRejected(cordon.Record{Position: cordon.Position{Topic: "raw.eve"}}, "ingest", "r", "d", "").Record())
	}
	return event(flow)
}

// TestInsertTwice: the same range under the same token counts once, in the
// tables and in the rollups.
func TestInsertTwice(t *testing.T) {
	dsn := schema(t)
	s := into(t, dsn.Writer, "events")
	batch := at("events", 100, event(flow), event("broken"), event(flow))
	for range 3 {
		insert(t, s, "events/3/100-102/abc", batch)
	}
	insert(t, s, "events/3/103-103/abc", at("events", 103, event(flow)))
	c := dial(t, dsn.Reader)
	for _, q := range []struct {
		sql  string
		want uint64
	}{
		{"SELECT count() FROM events", 3},
		{"SELECT count() FROM rejected", 1},
		{"SELECT sum(events) FROM v1_rate_per_minute", 3},
		{"SELECT sum(flows) FROM v1_edges", 3},
		{"SELECT toUInt64(sum(duplicates)) FROM v1_duplicates", 0},
	} {
		if got := one[uint64](t, c, q.sql); got != q.want {
			t.Errorf("%s = %d; want %d", q.sql, got, q.want)
		}
	}
}

// TestClocks: times that a device claims never stop an insert.
func TestClocks(t *testing.T) {
	dsn := schema(t)
	var recs []cordon.Record
	for year := 1; year < 9999; year += 40 {
		r := cordon.Event{
			ID: "e", Device: "d", Class: "dns_activity", Source: "/s",
			Time: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), Recorded: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), Body: []byte(`{"src_endpoint":{"port":1}}`),
		}.Record()
		recs = append(recs, r)
	}
	insert(t, into(t, dsn.Writer, "events"), "a", at("events", 0, recs...))
	c := dial(t, dsn.Reader)
	if n := one[uint64](t, c, "SELECT count() FROM events"); n != uint64(len(recs)) {
		t.Errorf("rows = %d; want %d", n, len(recs))
	}
}

// TestInsertSaysWhatToDo: what an operator can mend is said with how.
func TestInsertSaysWhatToDo(t *testing.T) {
	store := storetest.Start(t)
	empty := databaseIn(t, store)
	if err := createDatabase(t.Context(), MigrateOptions{DSN: empty.Admin}, clickhouse.Target{}); err != nil {
		t.Fatal(err)
	}
	full := schemaIn(t, store)
	for _, c := range []struct{ name, dsn, want string }{
		{"no table", empty.Writer, "apply the migrations"},
		{"no database", databaseIn(t, store).Writer, "apply the migrations"},
		{"may not write", full.Reader, "see deploy/clickhouse/users.d"},
		{"wrong password", strings.Replace(full.Writer, "writer:", "writer:x", 1), "user or password is wrong"},
		{"nobody there", "http://u:secret@127.0.0.1:1/cordon", "is it up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := into(t, c.dsn, "events").Insert(t.Context(), "a", at("events", 0, event(flow)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "insert 1 rows into events") {
				t.Errorf("Insert() = %v; want an error that says %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("Insert() = %v; want no password in it", err)
			}
		})
	}
}

// row returns the only row of a query, each value as ClickHouse writes it.
func row(t testing.TB, dsn, sql string) map[string]string {
	t.Helper()
	return decodeRow(t, dial(t, dsn), sql)
}
