// Package native reads events that are in OCSF already, from devices and
// gateways that report about themselves.
//
// The profile decides what is kept. What a device says about its own standing
// (its zone, whether it is managed or trusted) is not kept either: that is for
// the inventory to say.
package native

import (
	"errors"
	"net/netip"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Version names the mapping in rejected records.
const Version = "ocsf/" + ocsf.ProfileVersion

// Mapper turns events of others into reports. It belongs to one goroutine;
// what it puts into a report is good until its next call.
type Mapper struct {
	decoder ocsf.Decoder
	names   field.Names
}

// NewMapper returns a mapper that counts what it does not keep with names.
func NewMapper(names field.Names) *Mapper { return &Mapper{names: names} }

// unknown is the sensor of events that do not say who reported them.
const unknown = "unknown"

// Map says in r what in reports. It returns a *report.Refusal if it cannot.
func (m *Mapper) Map(in cordon.Record, r *report.Report) error {
	dropped, err := m.decoder.Decode(in.Value, &r.Event)
	if err != nil {
		return refusal(err)
	}
	for _, path := range dropped {
		m.names.Undeclared(path).Inc()
	}
	r.Time = report.Micros(r.Event.Time) * 1000
	if !r.Time.Plausible() {
		return report.Refuse(report.Time, "time %d: want milliseconds since 1970, up to the year 9999", r.Event.Time)
	}
	origin(r, in.Key)
	about(r)
	sides(r)
	return nil
}

func refusal(err error) error {
	var e *ocsf.Error
	if errors.As(err, &e) {
		return &report.Refusal{Reason: report.Reason(e.Code), Detail: e.Error()}
	}
	return err
}

// origin is who reported. The identity that the source gave the event is kept
// beside ours.
func origin(r *report.Report, key string) {
	if r.Event.Metadata != nil {
		r.Metadata = *r.Event.Metadata
	}
	md := &r.Metadata
	if md.OriginalEventUID == "" {
		md.OriginalEventUID = md.UID
	}
	md.Version = ocsf.Version
	r.Event.Metadata = md
	r.Sensor = unknown
	for _, s := range []string{md.LogProvider, key, device(r).UID} {
		if s != "" {
			r.Sensor = s
			break
		}
	}
	md.LogProvider = r.Sensor
}

func device(r *report.Report) ocsf.Device {
	if r.Event.Device == nil {
		return ocsf.Device{}
	}
	return *r.Event.Device
}

// about is the device, without what only the inventory may say.
func about(r *report.Report) {
	d := device(r)
	d.Zone, d.Groups, d.Owner = "", nil, nil
	d.IsManaged, d.IsTrusted, d.IsCompliant, d.IsSupervised = ocsf.Opt[bool]{}, ocsf.Opt[bool]{}, ocsf.Opt[bool]{}, ocsf.Opt[bool]{}
	d.RiskLevel, d.RiskLevelID, d.RiskScore = "", ocsf.Opt[int]{}, ocsf.Opt[int]{}
	r.About = d
	r.Device = cordon.DeviceID(d.UID)
	r.Self = side(d.IP, d.MAC)
}

// sides are those of the connection, if the event has one; who they are in the
// inventory is not for the event to say.
func sides(r *report.Report) {
	if e := r.Event.SrcEndpoint; e != nil {
		r.SrcEnd, r.Src = endpoint(*e)
		r.Event.SrcEndpoint = nil
	}
	if e := r.Event.DstEndpoint; e != nil {
		r.DstEnd, r.Dst = endpoint(*e)
		r.Event.DstEndpoint = nil
	}
	for i := range r.Event.Evidences {
		for _, e := range []*ocsf.NetworkEndpoint{r.Event.Evidences[i].SrcEndpoint, r.Event.Evidences[i].DstEndpoint} {
			if e != nil {
				disown(e)
			}
		}
	}
	if c := r.Event.ConnectionInfo; c != nil {
		r.Conn = *c
		r.Event.ConnectionInfo = &r.Conn
	}
}

func endpoint(e ocsf.NetworkEndpoint) (ocsf.NetworkEndpoint, report.Side) {
	s := side(e.IP, e.MAC)
	s.Port, s.VLAN, s.Host = e.Port, e.VLANUID, e.Hostname
	disown(&e)
	return e, s
}

// disown takes from e what only the inventory may say. An endpoint that has
// nothing but the uid which somebody gave it keeps that as its name.
func disown(e *ocsf.NetworkEndpoint) {
	if e.IP == "" && e.Hostname == "" && e.Name == "" {
		e.Name = e.UID
	}
	e.UID, e.Zone, e.Owner = "", "", nil
}

// side reads addresses that the decoder has found good.
func side(ip, mac string) report.Side {
	var s report.Side
	if a, err := netip.ParseAddr(ip); err == nil {
		s.Addr = a.Unmap().WithZone("")
	}
	s.MAC, _ = inventory.ParseMAC(mac)
	return s
}
