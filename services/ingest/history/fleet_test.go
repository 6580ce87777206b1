package history

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

const fleetPartitions = 4

// fleet returns the real traffic of 329 devices as records of the events topic,
// by partition. Each was recorded when its sensor wrote it.
func fleet(t testing.TB) [fleetPartitions][]cordon.Record {
	t.Helper()
	m := newMapping()
	var parts [fleetPartitions][]cordon.Record
	lines(t, func(n int, line []byte) {
		var who struct {
			Sensor  string  `json:"_sensor"`
			Written float64 `json:"_write_ts"`
		}
		if err := json.Unmarshal(line, &who); err != nil {
			t.Fatal(err)
		}
		at := time.UnixMilli(int64(who.Written * 1000)).UTC()
		r := m.event(t, cordon.Record{Position: cordon.Position{Topic: "raw.zeek", Offset: int64(n)}, Time: at, Key: who.Sensor, Value: line})
		p := int(r.Key[len(r.Key)-1]) % fleetPartitions
		r.Position = cordon.Position{Topic: "events", Partition: p, Offset: int64(len(parts[p]))}
		r.Time = logged
		parts[p] = append(parts[p], r)
	})
	return parts
}

// record says anew when the log took the raw records of recs.
func record(t testing.TB, recs []cordon.Record, at func(n int, before time.Time) time.Time) {
	t.Helper()
	for n, r := range recs {
		e, err := cordon.EventOf(r)
		if err != nil {
			t.Fatal(err)
		}
		e.Recorded = at(n, e.Recorded)
		recs[n].Headers = e.Record().Headers
	}
}

func lines(t testing.TB, f func(n int, line []byte)) {
	t.Helper()
	file, err := os.Open(testdata.Shared(t, "fleet-replay", "fleet-dev-1.ndjson.zst"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	z, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	s := bufio.NewScanner(z)
	for n := 0; s.Scan(); n++ {
		f(n, append([]byte(nil), s.Bytes()...))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// mapping does what ingest does to lines of Zeek.
type mapping struct {
	mapper    *zeek.Mapper
	resolver  *resolve.Resolver
	inventory *inventory.Inventory
	known     map[string]bool
	report    report.Report
}

type nowhere struct{}

func (nowhere) Inc() {}

func newMapping() *mapping {
	uncounted := func(string) field.Counter { return nowhere{} }
	inv := inventory.New()
	return &mapping{
		mapper:    zeek.NewMapper(field.Names{Undeclared: uncounted, Clipped: uncounted}),
		resolver:  resolve.New(inv),
		inventory: inv,
		known:     map[string]bool{},
	}
}

// enrol puts the one device that a sensor watches into the inventory.
func (m *mapping) enrol(t testing.TB, sensor string) {
	t.Helper()
	if m.known[sensor] {
		return
	}
	m.known[sensor] = true
	n := len(m.known)
	d := cordon.Device{
		ID: cordon.DeviceID("device-" + sensor), Name: "device " + sensor, Type: []string{"camera", "plug", "sensor", "hub"}[n%4],
		Vendor: []string{"Acme", "Globex", "Initech"}[n%3], Model: fmt.Sprintf("M%d", n%12), Firmware: fmt.Sprintf("%d.%d", n%3, n%7),
		Zone: []string{"cctv", "plant", "office"}[n%3], Managed: true, Sensors: []string{sensor},
	}
	if err := m.inventory.Fold(must(t)(d.Record())); err != nil {
		t.Fatal(err)
	}
	m.inventory.Publish()
}

func (m *mapping) event(t testing.TB, raw cordon.Record) cordon.Record {
	t.Helper()
	m.enrol(t, raw.Key)
	r := &m.report
	r.Reset()
	if err := m.mapper.Map(raw, r); err != nil {
		t.Fatalf("%s: %v", raw.Value, err)
	}
	e := cordon.Event{
		Device: m.resolver.Complete(r, raw.Position.Offset), Class: ocsf.ClassName(r.Event.ClassUID), Source: "/sensors/" + r.Sensor,
		Time: r.Time.Time(), Recorded: raw.Time,
	}
	e.ID = cordon.NewEventID(e.Source, raw.Value)
	r.Metadata.UID = string(e.ID)
	r.Keep(ocsf.String("cordon_auth", "none"))
	e.Body = r.Event.AppendJSON(nil)
	return e.Record()
}
