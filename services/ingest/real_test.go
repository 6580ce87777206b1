package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// open reads a file of the shared data.
func open(t testing.TB, name ...string) io.Reader {
	t.Helper()
	f, err := os.Open(testdata.Shared(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	switch {
	case strings.HasSuffix(f.Name(), ".gz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		return z
	case strings.HasSuffix(f.Name(), ".zst"):
		z, err := zstd.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(z.Close)
		return z
	}
	return f
}

func lines(t testing.TB, r io.Reader) [][]byte {
	t.Helper()
	var ls [][]byte
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		ls = append(ls, bytes.Clone(s.Bytes()))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return ls
}

// tally is what became of many records.
type tally struct {
	in, events, refused, dropped int
	reasons                      map[string]int
	classes                      map[string]int
	devices                      map[cordon.DeviceID]int
	ids                          map[cordon.EventID]int
}

func (s *testStep) all(t testing.TB, records [][]byte, key string) tally {
	t.Helper()
	n := tally{in: len(records), reasons: map[string]int{}, classes: map[string]int{}, devices: map[cordon.DeviceID]int{},
		ids: map[cordon.EventID]int{}}
	for i, raw := range records {
		res := s.apply(t, cordon.Record{Key: key, Value: raw})
		switch {
		case res.raw.Body != nil:
			n.events++
			n.classes[res.raw.Class]++
			n.devices[res.raw.Device]++
			n.ids[res.raw.ID]++
			if i%16 == 0 {
				decode(t, res.raw.Body)
			}
		case res.refused != nil:
			n.refused++
			n.reasons[res.refused.Reason]++
		default:
			n.dropped++
		}
	}
	return n
}

func TestFleet(t *testing.T) {
	n := newTestStep(t, "zeek").all(t, lines(t, open(t, "fleet-replay", "fleet-dev-1.ndjson.zst")), "")
	t.Logf("%d records: %d events %v of %d devices with %d ids, %d refused %v, %d dropped",
		n.in, n.events, n.classes, len(n.devices), len(n.ids), n.refused, n.reasons, n.dropped)
	if n.in != 67_739 || n.events != n.in {
		t.Errorf("%d records gave %d events, %d refusals %v, %d drops; want 67739 events",
			n.in, n.events, n.refused, n.reasons, n.dropped)
	}
}

func TestSuricataAlerts(t *testing.T) {
	for name, want := range map[string]int{"alerts-first-org-conf-2015": 136, "alerts-wrccdc-2017": 161} {
		var records []json.RawMessage
		if err := json.NewDecoder(open(t, "suricata", name+".json.zst")).Decode(&records); err != nil {
			t.Fatal(err)
		}
		s := newTestStep(t, "eve")
		for _, raw := range records {
			res := s.do(t, cordon.Record{Key: "s-1", Value: raw})
			if res.event == nil {
				t.Errorf("%s: refused: %v\n%s", name, res.refused, raw)
			}
		}
		if len(records) != want {
			t.Errorf("%s has %d records; want %d", name, len(records), want)
		}
	}
}
