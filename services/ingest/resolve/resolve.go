package resolve

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Resolver finds devices. It belongs to one goroutine; the inventory is shared.
type Resolver struct {
	inventory  *inventory.Inventory
	neighbours *Neighbours
}

// New returns a resolver that has learnt nothing yet.
func New(inv *inventory.Inventory) *Resolver {
	return &Resolver{inventory: inv, neighbours: NewNeighbours()}
}

// Learn takes what r, the record at that offset, says about addresses.
func (v *Resolver) Learn(r *report.Report, offset int64) { v.neighbours.Learn(r, offset) }

// subject is whom a report is about.
type subject struct {
	id       cordon.DeviceID
	entry    *inventory.Entry // nil if it is not in the inventory
	side     *report.Side     // the side it is; nil if it is none
	mac      inventory.MAC    // zero if not known
	src, dst *inventory.Entry // who the sides are, by the inventory
}

// Complete learns from r, finds its device and completes the event. offset is
// that of the record. It returns the device.
func (v *Resolver) Complete(r *report.Report, offset int64) cordon.DeviceID {
	v.Learn(r, offset)
	s := v.find(r)
	complete(r, &s)
	return s.id
}

func (v *Resolver) find(r *report.Report) subject {
	inv, t := v.inventory.Snapshot(), inventory.Millis(r.Time.Millis())
	s := subject{src: v.entry(inv, r, &r.Src), dst: v.entry(inv, r, &r.Dst)}
	self := v.entry(inv, r, &r.Self)
	switch {
	case r.Device != "":
		s.id, s.entry = r.Device, inv.Device(r.Device, t)
		s.side = sideOf(r, &s)
	case self != nil:
		s.entry, s.side = self, &r.Self
	case s.src != nil:
		s.entry, s.side = s.src, &r.Src
	case s.dst != nil:
		s.entry, s.side = s.dst, &r.Dst
	default:
		s.entry = inv.Sensor(r.Sensor, t)
		s.side = onSite(r)
	}
	if s.side != nil {
		s.mac = v.macOf(r, s.side)
	}
	if s.entry != nil {
		s.id = s.entry.Device.ID
	}
	if s.id == "" {
		s.id = derive(r.Sensor, &s)
	}
	return s
}

// macOf is the hardware address of a side. A frame from beyond a router has
// the router's address, so that it counts only with an address of the site.
func (v *Resolver) macOf(r *report.Report, side *report.Side) inventory.MAC {
	if side.MAC.Unicast() && (side.IsLocal() || !side.Addr.IsValid()) {
		return side.MAC
	}
	if !hosts(side.Addr) {
		return inventory.MAC{}
	}
	return v.neighbours.MAC(r.Sensor, side.Addr, r.Time)
}

// entry is who a side is by the inventory, or nil.
func (v *Resolver) entry(inv *inventory.Snapshot, r *report.Report, side *report.Side) *inventory.Entry {
	t := inventory.Millis(r.Time.Millis())
	if m := v.macOf(r, side); m != (inventory.MAC{}) {
		if e := inv.MAC(r.Sensor, m, t); e != nil {
			return e
		}
	}
	if !hosts(side.Addr) {
		return nil
	}
	return inv.Addr(r.Sensor, side.Addr, t)
}

// sideOf is the side that is the device which the record names.
func sideOf(r *report.Report, s *subject) *report.Side {
	switch {
	case s.src != nil && s.src.Device.ID == r.Device:
		return &r.Src
	case s.dst != nil && s.dst.Device.ID == r.Device:
		return &r.Dst
	}
	return &r.Self
}

// onSite is the side of a device of the site, the source first. If none is,
// the source is as good as any; a sensor outside of the site sees that.
func onSite(r *report.Report) *report.Side {
	if r.Self.Known() {
		return &r.Self
	}
	for _, side := range []*report.Side{&r.Src, &r.Dst} {
		if side.Known() && side.IsLocal() && !report.IsGroup(side.Addr) {
			return side
		}
	}
	if r.Src.Known() {
		return &r.Src
	}
	return nil
}

// derive is the id of a device that is not in the inventory.
func derive(sensor string, s *subject) cordon.DeviceID {
	switch {
	case s.mac != inventory.MAC{}:
		return cordon.DeviceID("mac:" + s.mac.String())
	case s.side != nil && s.side.Addr.IsValid():
		return cordon.DeviceID("ip:" + sensor + "/" + s.side.Addr.String())
	}
	return cordon.DeviceID("sensor:" + sensor)
}
