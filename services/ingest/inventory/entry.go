package inventory

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
)

// Millis is a time in milliseconds since 1970 UTC, the resolution of OCSF.
type Millis int64

// Always is the Since of a description that holds from the beginning.
const Always Millis = math.MinInt64

// Entry is what the inventory says of one device from Since on. It is never
// changed once it can be looked up.
type Entry struct {
	Device  cordon.Device
	Columns ocsf.Device // the device as events carry it
	Since   Millis
	keys    []key // what identifies the device while the entry holds
}

// kind says what a key identifies a device by.
type kind uint8

const (
	byMAC kind = iota
	byAddr
	bySensor
)

// key is one identifier. Private addresses repeat from site to site, so those
// of a device that is watched by sensors of its own carry the sensor and count
// only where it looks. A key without a sensor counts everywhere.
type key struct {
	kind   kind
	bits   [16]byte
	sensor string
}

func macKey(sensor string, m MAC) key {
	k := key{kind: byMAC, sensor: sensor}
	copy(k.bits[:], m[:])
	return k
}

func addrKey(sensor string, a netip.Addr) key {
	return key{kind: byAddr, bits: a.As16(), sensor: sensor}
}

func sensorKey(sensor string) key { return key{kind: bySensor, sensor: sensor} }

// newEntry reads what identifies d. Identifiers that cannot be parsed identify
// nothing. A retired device keeps its hardware addresses, so that it is
// recognised if it comes back, and gives up its addresses and sensors.
func newEntry(d cordon.Device) *Entry {
	e := &Entry{Device: d, Columns: columns(d), Since: millis(d.Since)}
	e.keys = macKeys(d, "")
	for _, s := range d.Sensors {
		e.keys = append(e.keys, macKeys(d, s)...)
	}
	if !d.Retired {
		e.keys = append(e.keys, siteKeys(d)...)
	}
	return e
}

// macKeys repeats hardware addresses per sensor because replayed captures of
// one device at many sites have them in common.
func macKeys(d cordon.Device, sensor string) []key {
	var ks []key
	for _, s := range d.MACs {
		if m, ok := ParseMAC(s); ok {
			ks = append(ks, macKey(sensor, m))
		}
	}
	return ks
}

func siteKeys(d cordon.Device) []key {
	scopes := d.Sensors
	if len(scopes) == 0 {
		scopes = []string{""}
	}
	var ks []key
	for _, scope := range scopes {
		for _, s := range d.Addresses {
			if a, err := netip.ParseAddr(s); err == nil {
				ks = append(ks, addrKey(scope, a.WithZone("")))
			}
		}
		if scope != "" {
			ks = append(ks, sensorKey(scope))
		}
	}
	return ks
}

// millis takes the zero time as "from the beginning".
func millis(t time.Time) Millis {
	if t.IsZero() {
		return Always
	}
	return Millis(t.UnixMilli())
}

func (e *Entry) has(k key) bool { return slices.Contains(e.keys, k) }

// history is all entries of one device by Since, oldest first.
type history struct {
	id      cordon.DeviceID
	entries []*Entry
}

// at returns the entry that held at t, or nil.
func (h *history) at(t Millis) *Entry {
	for i := len(h.entries) - 1; i >= 0; i-- {
		if h.entries[i].Since <= t {
			return h.entries[i]
		}
	}
	return nil
}

// with returns h and e, which came later in the log: from its Since on
// nothing that was said before counts.
func (h *history) with(e *Entry) *history {
	kept := h.entries
	for len(kept) > 0 && kept[len(kept)-1].Since >= e.Since {
		kept = kept[:len(kept)-1]
	}
	return &history{id: h.id, entries: append(slices.Clone(kept), e)}
}

// holds reports whether any entry of h has k.
func (h *history) holds(k key) bool {
	return slices.ContainsFunc(h.entries, func(e *Entry) bool { return e.has(k) })
}
