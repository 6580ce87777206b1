package resolve

import (
	"net/netip"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// network is OCSF's category of traffic.
const network = 4

// complete puts into the event who its device and its sides are.
func complete(r *report.Report, s *subject) {
	device(r, s)
	endpoint(&r.SrcEnd, &r.Src, s.src)
	endpoint(&r.DstEnd, &r.Dst, s.dst)
	claim(r, s)
	attach(r)
	connection(r, s)
}

// device describes the device. What the inventory says counts more than what
// the record claims; what the record reports of the running firmware stays,
// beside what should run.
func device(r *report.Report, s *subject) {
	d := &r.About
	running := d.OS
	ip, mac := d.IP, d.MAC
	if s.entry != nil {
		*d = s.entry.Columns
	} else {
		d.UID = string(s.id)
		d.IsManaged = ocsf.Some(false)
	}
	if running != nil {
		d.OS = running
		expected(r, s.entry)
	}
	d.IP, d.MAC = ip, mac
	if s.side != nil && hosts(s.side.Addr) {
		d.IP = s.side.Addr.String()
	}
	if s.side != nil && s.side.Host != "" {
		d.Hostname = s.side.Host
	}
	if s.mac != (inventory.MAC{}) {
		d.MAC = s.mac.String()
	}
	r.Event.Device = d
}

// expected is the firmware that should run on the device, for the record that
// says which one does.
func expected(r *report.Report, e *inventory.Entry) {
	if e != nil && e.Device.Firmware != "" {
		r.Event.Unmapped.Put(ocsf.String("firmware_expected", e.Device.Firmware))
	}
}

// endpoint describes a side.
func endpoint(e *ocsf.NetworkEndpoint, side *report.Side, who *inventory.Entry) {
	if side.Addr.IsValid() {
		e.IP = side.Addr.String()
	}
	e.Port = side.Port
	e.VLANUID = side.VLAN
	if side.Host != "" {
		e.Hostname = side.Host
	}
	if side.MAC != (inventory.MAC{}) {
		e.MAC = side.MAC.String()
	}
	if who != nil {
		e.UID, e.Zone = string(who.Device.ID), who.Device.Zone
	}
}

// claim marks the side of the device where the inventory knows the device by
// its sensor, and where the side has nothing else to be told by in OCSF. Of
// traffic without any address the device is the source.
func claim(r *report.Report, s *subject) {
	if r.Event.CategoryUID == network && !r.Src.Known() && !r.Dst.Known() && !told(&r.SrcEnd) && !told(&r.DstEnd) {
		r.SrcEnd.UID = string(s.id)
		return
	}
	var e *ocsf.NetworkEndpoint
	switch s.side {
	case &r.Src:
		e = &r.SrcEnd
	case &r.Dst:
		e = &r.DstEnd
	default:
		return
	}
	if s.entry != nil {
		e.UID, e.Zone = string(s.id), s.entry.Device.Zone
	}
	if e.IP == "" && e.Hostname == "" {
		e.UID = string(s.id)
	}
}

// attach gives the event its sides; a finding has them in its evidence.
func attach(r *report.Report) {
	src, dst := &r.Event.SrcEndpoint, &r.Event.DstEndpoint
	if r.IsFinding() {
		src, dst = &r.Evidence[0].SrcEndpoint, &r.Evidence[0].DstEndpoint
	}
	if told(&r.SrcEnd) {
		*src = &r.SrcEnd
	}
	if told(&r.DstEnd) {
		*dst = &r.DstEnd
	}
	if r.IsFinding() && r.NoEvidence() {
		r.Event.Evidences = nil
	}
}

// told reports whether OCSF takes e for an endpoint.
func told(e *ocsf.NetworkEndpoint) bool {
	return e.IP != "" || e.UID != "" || e.Hostname != "" || e.Name != "" || e.SvcName != "" || e.Domain != "" ||
		e.InstanceUID != "" || e.InterfaceUID != "" || e.InterfaceName != ""
}

// connection says where the connection goes, seen from the site.
func connection(r *report.Report, s *subject) {
	c := &r.Conn
	if r.Event.ConnectionInfo != c && !r.IsFinding() {
		return
	}
	c.ProtocolVerID = version(r.Src.Addr, r.Dst.Addr)
	if !r.Src.Addr.IsValid() || !r.Dst.Addr.IsValid() {
		return
	}
	src, dst := s.src != nil || r.Src.IsLocal(), s.dst != nil || r.Dst.IsLocal()
	c.DirectionID, c.BoundaryID = ocsf.DirectionUnknown, ocsf.BoundaryExternal
	switch {
	case r.Src.Addr == r.Dst.Addr || r.Src.Addr.IsLoopback():
		c.DirectionID, c.BoundaryID = ocsf.DirectionLocal, ocsf.BoundaryLocalhost
	case src && dst:
		c.DirectionID, c.BoundaryID = ocsf.DirectionLateral, ocsf.BoundaryInternal
	case src:
		c.DirectionID = ocsf.DirectionOutbound
	case dst:
		c.DirectionID = ocsf.DirectionInbound
	}
}

func version(as ...netip.Addr) int {
	for _, a := range as {
		switch {
		case a.Is4():
			return ocsf.ProtocolVerIPv4
		case a.Is6():
			return ocsf.ProtocolVerIPv6
		}
	}
	return ocsf.ProtocolVerUnknown
}
