package zeek

import (
	"maps"
	"net/netip"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// line is what the lines of all logs have in common.
type line struct {
	path  string
	table field.Table // of the whole log, bound to its variables

	ts, writeTS          field.Clock
	sensor, system       string
	uid, proto, flow     string
	origAddr, respAddr   netip.Addr
	origPort, respPort   ocsf.Opt[int]
	origMAC, respMAC     inventory.MAC
	origLocal, respLocal ocsf.Opt[bool]
}

func (l *line) common() *line { return l }

// clear forgets all but what the line is bound to.
func (l *line) clear() { *l = line{path: l.path, table: l.table} }

// bind makes l a line of that log with more fields than the common ones.
func (l *line) bind(path string, more field.Table) {
	l.path = path
	l.table = field.Table{
		"_path":        field.Text(new(string)), // read before the rest
		"_sensor":      field.Text(&l.sensor),
		"_system_name": field.Text(&l.system),
		"_write_ts":    field.Time(&l.writeTS),
		"ts":           field.Time(&l.ts),
		"uid":          field.Text(&l.uid),
		"proto":        field.Text(&l.proto),
		"community_id": field.Text(&l.flow),
		"id.orig_h":    field.Addr(&l.origAddr),
		"id.orig_p":    field.Port(&l.origPort),
		"id.resp_h":    field.Addr(&l.respAddr),
		"id.resp_p":    field.Port(&l.respPort),
		"orig_l2_addr": field.MAC(&l.origMAC),
		"resp_l2_addr": field.MAC(&l.respMAC),
		"local_orig":   field.Bool(&l.origLocal),
		"local_resp":   field.Bool(&l.respLocal),
	}
	maps.Copy(l.table, more)
}

// unknownSensor is the sensor of lines that do not say who wrote them, in
// records that do not either.
const unknownSensor = "unknown"

// source is the sensor that wrote the line: by its own word, else by that of
// who shipped it.
func (l *line) source(key string) string {
	for _, s := range []string{l.sensor, l.system, key} {
		if s != "" {
			return s
		}
	}
	return unknownSensor
}

// describe says in r what all logs have in common.
func (l *line) describe(r *report.Report, key string) {
	r.Sensor = l.source(key)
	r.Time = l.ts.Micros
	r.Src = report.Side{Addr: l.origAddr, Port: l.origPort, MAC: l.origMAC, Local: l.origLocal}
	r.Dst = report.Side{Addr: l.respAddr, Port: l.respPort, MAC: l.respMAC, Local: l.respLocal}
	r.From("Zeek", "Zeek", l.path)
	if l.writeTS.Set {
		r.Metadata.LoggedTime = l.writeTS.Millis()
	}
}

// connect adds the connection that the line is about; transport is that of
// logs that do not say it.
func (l *line) connect(r *report.Report, transport string) {
	if l.proto != "" {
		transport = l.proto
	}
	r.Connection(transport)
	r.Conn.UID = l.uid
	r.Conn.CommunityUID = l.flow
}
