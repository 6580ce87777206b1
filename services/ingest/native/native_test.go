package native

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
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

func event(more string) []byte {
	return []byte(`{"class_uid":4001,"category_uid":4,"activity_id":6,"type_uid":400106,"severity_id":1,"time":1772409600000,` +
		`"metadata":{"version":"1.7.0","uid":"17","product":{"name":"agent"}},"src_endpoint":{"ip":"10.0.0.1"}` + more + `}`)
}

func TestOrigin(t *testing.T) {
	tests := []struct{ name, more, key, sensor string }{
		{"key", `,"device":{"uid":"cam-7","type_id":7}`, "gw-1", "gw-1"},
		{"device", `,"device":{"uid":"cam-7","type_id":7}`, "", "cam-7"},
		{"nobody", ``, "", "unknown"},
	}
	for _, tt := range tests {
		m := NewMapper(field.Names{Undeclared: counter{}.open})
		var r report.Report
		if err := m.Map(cordon.Record{Key: tt.key, Value: event(tt.more)}, &r); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		md := r.Event.Metadata
		if r.Sensor != tt.sensor || md.LogProvider != tt.sensor || md.OriginalEventUID != "17" || md.Version != "1.8.0" {
			t.Errorf("%s: sensor %q, provider %q, original %q, version %q; want %q, %[2]q, 17, 1.8.0",
				tt.name, r.Sensor, md.LogProvider, md.OriginalEventUID, md.Version, tt.sensor)
		}
	}
}

// TestClaims: what only the inventory may say is not taken from a device.
func TestClaims(t *testing.T) {
	m := NewMapper(field.Names{Undeclared: counter{}.open})
	var r report.Report
	more := `,"device":{"uid":"cam-7","type_id":7,"zone":"plc","is_managed":true,"is_trusted":true,"is_compliant":true,"risk_level_id":0,` +
		`"owner":{"name":"me"},"model":"M1"},"dst_endpoint":{"uid":"plc-1","zone":"plc"}`
	if err := m.Map(cordon.Record{Value: event(more)}, &r); err != nil {
		t.Fatal(err)
	}
	d := r.About
	if d.Zone != "" || d.Owner != nil || d.IsManaged.Set || d.IsTrusted.Set || d.IsCompliant.Set || d.RiskLevelID.Set {
		t.Errorf("claims of the device are kept: %+v", d)
	}
	if d.Model != "M1" {
		t.Errorf("model = %q; want M1, which is no claim", d.Model)
	}
	if r.DstEnd.UID != "" || r.DstEnd.Zone != "" || r.DstEnd.Name != "plc-1" {
		t.Errorf("destination has uid %q, zone %q, name %q; want its uid as the name alone", r.DstEnd.UID, r.DstEnd.Zone, r.DstEnd.Name)
	}
}

func TestUndeclared(t *testing.T) {
	lost := counter{}
	m := NewMapper(field.Names{Undeclared: lost.open})
	var r report.Report
	if err := m.Map(cordon.Record{Value: event(`,"colour":"red","device":{"type_id":7,"ip":"10.0.0.1","shoe":1}`)}, &r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(counter{"colour": 1, "device.shoe": 1}, lost); diff != "" {
		t.Errorf("undeclared (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, raw string
		why       report.Reason
	}{
		{"no JSON", `{`, "json.syntax"},
		{"windows", string(event(`,"windows":{}`)), "reserved"},
		{"a field of cordon", string(event(`,"unmapped":{"cordon_auth":"attested"}`)), "reserved"},
		{"twice", string(event(`,"count":1,"count":2`)), "json.duplicate_key"},
		{"class", `{"class_uid":1,"time":1}`, "class.unknown"},
		{"wrong type", string(event(`,"count":"many"`)), "field.type"},
		{"before 1970", `{"class_uid":4001,"category_uid":4,"activity_id":6,"type_uid":400106,"severity_id":1,"time":0,"metadata":{"version":"1.8.0","product":{"name":"a"}},"src_endpoint":{"ip":"10.0.0.1"}}`, report.Time},
	}
	for _, tt := range tests {
		m := NewMapper(field.Names{Undeclared: counter{}.open})
		var r report.Report
		var refused *report.Refusal
		if err := m.Map(cordon.Record{Value: []byte(tt.raw)}, &r); !errors.As(err, &refused) || refused.Reason != tt.why {
			t.Errorf("%s: %v; want it refused for %s", tt.name, err, tt.why)
		}
	}
}
