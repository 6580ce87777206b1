package detection

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
	"github.com/cordon-iot/cordon/services/detect/engine"
	"github.com/cordon-iot/cordon/services/ingest/eve"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/native"
	"github.com/cordon-iot/cordon/services/ingest/report"
	"github.com/cordon-iot/cordon/services/ingest/resolve"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

type uncounted struct{}

func (uncounted) Inc() {}

// traffic is raw records as ingest makes events of them.
type traffic struct {
	events  []cordon.Event
	sensors []string // of each event
	refused int
}

// raw is one record of a raw topic.
type raw struct {
	format string
	record cordon.Record
}

// readZeek maps the records of a file of shared data in Zeek's JSON.
func readZeek(t testing.TB, devices []cordon.Device, name ...string) traffic {
	t.Helper()
	var recs []raw
	for _, line := range lines(t, name...) {
		recs = append(recs, raw{"zeek", cordon.Record{Value: line}})
	}
	return read(t, devices, recs)
}

// read maps records with an inventory of devices.
func read(t testing.TB, devices []cordon.Device, recs []raw) traffic {
	t.Helper()
	count := func(string) field.Counter { return uncounted{} }
	names := field.Names{Undeclared: count, Clipped: count}
	mappers := map[string]interface {
		Map(cordon.Record, *report.Report) error
	}{"zeek": zeek.NewMapper(names), "ocsf": native.NewMapper(names), "eve": eve.NewMapper(names)}
	v := resolve.New(inventoryOf(t, devices))
	var out traffic
	var r report.Report
	for i, in := range recs {
		r.Reset()
		in.record.Position = cordon.Position{Topic: "raw." + in.format, Offset: int64(i)}
		err := mappers[in.format].Map(in.record, &r)
		var refusal *report.Refusal
		switch {
		case errors.As(err, &refusal):
			out.refused++
			continue
		case err != nil:
			t.Fatalf("record %d: %v", i, err)
		}
		out.add(&r, v.Complete(&r, int64(i)), in.record)
	}
	return out
}

func (tr *traffic) add(r *report.Report, device cordon.DeviceID, in cordon.Record) {
	source := "/sensors/" + r.Sensor
	id := cordon.NewEventID(source, in.Value)
	r.Metadata.UID = string(id)
	when := r.Time.Time()
	tr.events = append(tr.events, cordon.Event{
		ID: id, Device: cordon.DeviceID(strings.Clone(string(device))), Source: source,
		Time: when, Recorded: when, Body: r.Event.AppendJSON(nil), Position: in.Position,
	})
	tr.sensors = append(tr.sensors, strings.Clone(r.Sensor))
}

func inventoryOf(t testing.TB, devices []cordon.Device) *inventory.Inventory {
	t.Helper()
	inv := inventory.New()
	for _, d := range devices {
		rec, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		if err := inv.Fold(rec); err != nil {
			t.Fatal(err)
		}
	}
	inv.Publish()
	return inv
}

func lines(t testing.TB, name ...string) [][]byte {
	t.Helper()
	f, err := os.Open(testdata.Shared(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out [][]byte
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, append([]byte(nil), s.Bytes()...))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func pack(t testing.TB) *engine.Pack {
	t.Helper()
	p, err := engine.Load(context.Background(), os.DirFS(filepath.Join(testdata.Root(), "policies")), engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// found is a finding and the sensor whose event caused it.
type found struct {
	cordon.Finding
	sensor string
}

func detect(t testing.TB, p *engine.Pack, tr traffic) []found {
	t.Helper()
	return detectWith(t, p, tr, engine.Options{})
}

func detectWith(t testing.TB, p *engine.Pack, tr traffic, o engine.Options) []found {
	t.Helper()
	o.Budget = time.Minute // a busy machine must not change the result
	o.Report = func(_ *engine.Policy, _ cordon.EventID, err error) { t.Error(err) }
	e := engine.New(p, o)
	var out []found
	for i, ev := range tr.events {
		fs, err := e.Evaluate(context.Background(), ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fs {
			out = append(out, found{f, tr.sensors[i]})
		}
	}
	return out
}

// truth is what is known about a sensor of fleet-dev-1; each watches one
// device.
type truth struct {
	Sensor, Family string
	Malicious      bool
}

func truths(t testing.TB) []truth {
	t.Helper()
	b, err := os.ReadFile(testdata.Shared(t, "fleet-replay", "fleet-dev-1.truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Devices []truth }
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Devices
}
