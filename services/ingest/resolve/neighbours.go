package resolve

import (
	"net/netip"
	"slices"

	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Horizon is how many records of a partition a binding is remembered for. It
// bounds memory, and it makes the bindings a function of the records before
// the current one: whoever reads the last Horizon records again knows the same.
const Horizon = 100_000

// How long a binding holds that does not say so itself: a lease without a
// duration (RFC 2131 leaves it to the server; a day is usual), and an address
// seen in a frame, which is what a neighbour cache keeps for stale entries.
const (
	defaultLease = 24 * 3600e6
	observedFor  = 3600e6
)

// maxHolders bounds who had one address, newest last.
const maxHolders = 4

// Neighbours are the hardware addresses that were seen with an address: in
// DHCP leases, and in records that have both. It belongs to one goroutine.
type Neighbours struct {
	at      int64 // offset of the current record
	holders map[neighbour][]binding
	order   []sighting // of holders, oldest first
}

type neighbour struct {
	sensor string
	addr   netip.Addr
}

type binding struct {
	mac         inventory.MAC
	from, until report.Micros
	offset      int64 // of the record that said so last
}

type sighting struct {
	neighbour
	offset int64
}

// NewNeighbours returns an empty memory.
func NewNeighbours() *Neighbours { return &Neighbours{holders: map[neighbour][]binding{}} }

// Learn takes what r, the record at that offset, says about addresses.
func (n *Neighbours) Learn(r *report.Report, offset int64) {
	n.at = offset
	n.forget()
	if t := r.Taught; t.MAC.Unicast() {
		lease := t.Lease
		if lease <= 0 {
			lease = defaultLease
		}
		n.learn(r.Sensor, t.Addr, binding{t.MAC, r.Time, r.Time + lease, offset})
	}
	for _, s := range []*report.Side{&r.Src, &r.Dst} {
		if s.MAC.Unicast() && hosts(s.Addr) && s.IsLocal() {
			n.learn(r.Sensor, s.Addr, binding{s.MAC, r.Time, r.Time + observedFor, offset})
		}
	}
}

// hosts reports whether a is the address of one host.
func hosts(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() && !report.IsGroup(a) }

// learn puts b in its place. A binding that only confirms the one before or
// after it prolongs that one.
func (n *Neighbours) learn(sensor string, a netip.Addr, b binding) {
	k := neighbour{sensor, a}
	bs, known := n.holders[k]
	i := holder(bs, b.from)
	switch {
	case i >= 0 && bs[i].mac == b.mac:
		bs[i].until, bs[i].offset = max(bs[i].until, b.until), b.offset
		return
	case i+1 < len(bs) && bs[i+1].mac == b.mac:
		bs[i+1].from, bs[i+1].offset = b.from, b.offset
		return
	}
	if !known {
		k.sensor = string([]byte(sensor)) // what the key outlives belongs to the record
		n.order = append(n.order, sighting{k, b.offset})
	}
	bs = slices.Insert(bs, i+1, b)
	if len(bs) > maxHolders {
		bs = slices.Delete(bs, 0, 1)
	}
	n.holders[k] = bs
}

// holder is the index of the last binding from t or before, or -1.
func holder(bs []binding, t report.Micros) int {
	for i := len(bs) - 1; i >= 0; i-- {
		if bs[i].from <= t {
			return i
		}
	}
	return -1
}

// MAC returns who had a at sensor at t, or the zero MAC.
func (n *Neighbours) MAC(sensor string, a netip.Addr, t report.Micros) inventory.MAC {
	bs := n.holders[neighbour{sensor, a}]
	i := holder(bs, t)
	if i < 0 || bs[i].until < t || bs[i].offset < n.at-Horizon {
		return inventory.MAC{}
	}
	return bs[i].mac
}

// forget removes addresses that were not spoken of within the horizon.
func (n *Neighbours) forget() {
	for len(n.order) > 0 && n.order[0].offset < n.at-Horizon {
		k := n.order[0].neighbour
		n.order = n.order[1:]
		last := int64(-1)
		for _, b := range n.holders[k] {
			last = max(last, b.offset)
		}
		if last < n.at-Horizon {
			delete(n.holders, k)
			continue
		}
		n.order = append(n.order, sighting{k, last})
	}
}
