package eve

import (
	"bytes"
	"maps"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Version names the mapping in rejected records. It changes when the same
// record may give another event.
const Version = "eve/1"

// Mapper turns EVE records into reports. It belongs to one goroutine; what it
// puts into a report is good until its next call.
type Mapper struct {
	reader *field.Reader
	table  field.Table
	rec    record
	kinds  map[string]func(*report.Report)
}

// record is what an EVE record says: the head that all have, and the parts of
// which each kind has some.
type record struct {
	head
	alert  alert
	flow   flow
	tcp    tcp
	dns    dns
	tls    tls
	http   http
	mqtt   mqtt
	modbus modbus
}

// NewMapper returns a mapper that counts what it does not keep with names.
func NewMapper(names field.Names) *Mapper {
	m := &Mapper{reader: field.NewReader(report.EVEFields, names)}
	r := &m.rec
	m.table = field.Table{
		"alert":  field.Object(r.alert.table()),
		"flow":   field.Object(r.flow.table()),
		"tcp":    field.Object(r.tcp.table()),
		"dns":    field.Object(r.dns.table()),
		"tls":    field.Object(r.tls.table()),
		"http":   field.Object(r.http.table()),
		"mqtt":   field.Object(r.mqtt.table()),
		"modbus": field.Object(r.modbus.table()),
	}
	maps.Copy(m.table, r.table())
	m.kinds = map[string]func(*report.Report){
		"alert":  r.fillAlert,
		"flow":   r.fillFlow,
		"dns":    r.fillDNS,
		"tls":    r.fillTLS,
		"http":   r.fillHTTP,
		"mqtt":   r.fillMQTT,
		"modbus": r.fillModbus,
	}
	return m
}

// Map says in r what in reports. It returns a *report.Refusal if it cannot,
// and a report.Drop if in says nothing about a device.
func (m *Mapper) Map(in cordon.Record, r *report.Report) error {
	if len(in.Value) > report.MaxRaw {
		return report.Refuse(report.Size, "%d bytes; at most %d", len(in.Value), report.MaxRaw)
	}
	if len(bytes.TrimSpace(in.Value)) == 0 {
		return report.Blank
	}
	m.reader.Begin()
	o, err := m.reader.Parse(in.Value)
	if err != nil {
		return err
	}
	fill, err := m.kind(o)
	if err != nil {
		return err
	}
	m.rec.clear()
	if err := m.reader.Object(o, m.table); err != nil {
		return err
	}
	if !m.rec.timestamp.Set {
		return report.Refuse(report.Time, "field timestamp is missing: the event did not happen at any time")
	}
	m.rec.describe(r, in.Key)
	if m.reader.Clipped() {
		r.MarkClipped()
	}
	fill(r)
	return nil
}

// kind is what to do with the record by its event_type.
func (m *Mapper) kind(o *fastjson.Object) (func(*report.Report), error) {
	name := o.Get("event_type").GetStringBytes()
	if string(name) == "stats" {
		return nil, report.EVEStats
	}
	fill, ok := m.kinds[string(name)]
	if !ok {
		return nil, report.Refuse(report.EVEType, "event_type %.64q is not mapped", name)
	}
	return fill, nil
}

// clear forgets the last record and keeps the memory of its lists.
func (r *record) clear() {
	r.head.clear()
	r.alert.clear()
	r.flow, r.tcp = flow{}, tcp{}
	r.dns.clear()
	r.tls = tls{}
	r.http = http{}
	r.mqtt.clear()
	r.modbus = modbus{}
}
