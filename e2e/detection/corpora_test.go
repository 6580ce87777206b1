package detection

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// TestRealTraffic replays each recording of the shared data and compares which
// policies find how much in it. A policy that goes silent, or grows loud, is
// seen here; TestModbus covers CRD-0040 and CRD-0041. No recording has scans,
// guessed passwords, open Telnet, firmware or boot reports, zones or new
// services: those policies are held by the simulated site and by fixtures.
func TestRealTraffic(t *testing.T) {
	p := pack(t)
	for _, tt := range []struct {
		name    string
		traffic func(t *testing.T) traffic
		want    map[string]int
	}{
		{"exercise network", exercise, map[string]int{"CRD-0004": 1, "CRD-0006": 18, "CRD-0009": 1, "CRD-0032": 60}},
		{"Suricata alerts", alerts, map[string]int{"CRD-0050": 127}},
		{"fleet", func(t *testing.T) traffic { return readZeek(t, nil, "fleet-replay", "fleet-dev-1.ndjson.zst") },
			map[string]int{"CRD-0004": 5, "CRD-0005": 52, "CRD-0007": 16, "CRD-0008": 3, "CRD-0010": 15}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]int{}
			for _, f := range detect(t, p, tt.traffic(t)) {
				got[f.Policy.ID]++
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("findings by policy (-want +got):\n%s", d)
			}
		})
	}
}

// exercise is a network in which teams attack and defend: SSH, TLS, DNS and
// Modbus logs of the same hours, in the order in which they were written.
func exercise(t *testing.T) traffic {
	var recs []raw
	for _, log := range []string{"ssh", "ssl", "dns", "modbus"} {
		for _, line := range zipped(t, "zeek-tsv-json-pairs", "zeek-json", log+".json.gz") {
			recs = append(recs, raw{"zeek", cordon.Record{Value: line}})
		}
	}
	slices.SortStableFunc(recs, func(a, b raw) int { return bytes.Compare(written(t, a), written(t, b)) })
	return read(t, nil, recs)
}

func written(t *testing.T, r raw) []byte {
	t.Helper()
	_, rest, ok := bytes.Cut(r.record.Value, []byte(`"_write_ts":"`))
	if !ok {
		t.Fatalf("no _write_ts in %.80s", r.record.Value)
	}
	return rest[:len("2018-03-24T17:16:40.284346Z")]
}

// alerts are those of two captures, each a JSON array.
func alerts(t *testing.T) traffic {
	var recs []raw
	for _, name := range []string{"alerts-first-org-conf-2015.json.zst", "alerts-wrccdc-2017.json.zst"} {
		var all []json.RawMessage
		if err := json.Unmarshal(bytes.Join(lines(t, "suricata", name), []byte("\n")), &all); err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			recs = append(recs, raw{"eve", cordon.Record{Key: "suricata", Value: a}})
		}
	}
	return read(t, nil, recs)
}

func zipped(t *testing.T, name ...string) [][]byte {
	t.Helper()
	f, err := os.Open(testdata.Shared(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, bytes.Clone(s.Bytes()))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
