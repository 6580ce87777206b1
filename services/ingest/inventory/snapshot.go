package inventory

import (
	"maps"
	"net/netip"

	"github.com/cordon-iot/cordon"
)

// Snapshot is the inventory at one moment of the log. It never changes and may
// be read by any number of goroutines.
//
// It has two layers: base holds most devices and is shared by many snapshots;
// recent holds what changed since base was made and is small enough to copy
// for each change. What recent has, hides base.
type Snapshot struct {
	base, recent layer
}

// layer maps identifiers to those who hold them at some time. An identifier
// without holders is mapped to nothing, which hides it in the layer below.
type layer struct {
	devices map[cordon.DeviceID]*history
	holders map[key][]*history
}

func newLayer() layer {
	return layer{map[cordon.DeviceID]*history{}, map[key][]*history{}}
}

func (l layer) clone() layer { return layer{maps.Clone(l.devices), maps.Clone(l.holders)} }

func (l layer) merge(above layer) {
	maps.Copy(l.devices, above.devices)
	maps.Copy(l.holders, above.holders)
}

func (s *Snapshot) device(id cordon.DeviceID) *history {
	if h, ok := s.recent.devices[id]; ok {
		return h
	}
	return s.base.devices[id]
}

func (s *Snapshot) holders(k key) []*history {
	if hs, ok := s.recent.holders[k]; ok {
		return hs
	}
	return s.base.holders[k]
}

// Device returns what was known of id at t, or nil.
func (s *Snapshot) Device(id cordon.DeviceID, t Millis) *Entry {
	if h := s.device(id); h != nil {
		return h.at(t)
	}
	return nil
}

// MAC returns who had m where sensor looks at t, or nil.
func (s *Snapshot) MAC(sensor string, m MAC, t Millis) *Entry {
	if e := s.holder(macKey(sensor, m), t); e != nil {
		return e
	}
	return s.holder(macKey("", m), t)
}

// Addr returns who had a where sensor looks at t, or nil.
func (s *Snapshot) Addr(sensor string, a netip.Addr, t Millis) *Entry {
	if e := s.holder(addrKey(sensor, a), t); e != nil {
		return e
	}
	return s.holder(addrKey("", a), t)
}

// Sensor returns the device that sensor watches alone at t, or nil.
func (s *Snapshot) Sensor(sensor string, t Millis) *Entry {
	return s.holder(sensorKey(sensor), t)
}

// holder returns the entry with k at t. When several devices claim k, the
// newest claim counts; of claims from the same moment that of the smaller
// device id, so that the order in which partitions were read has no effect.
func (s *Snapshot) holder(k key, t Millis) *Entry {
	var best *Entry
	for _, h := range s.holders(k) {
		e := h.at(t)
		if e == nil || !e.has(k) {
			continue
		}
		if best == nil || e.Since > best.Since || e.Since == best.Since && e.Device.ID < best.Device.ID {
			best = e
		}
	}
	return best
}
