package fleet

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
)

// Fleet is a simulated site.
type Fleet struct {
	seed    uint64
	devices []device
	zones   []Zone
}

// device is one device with what the traffic needs of it.
type device struct {
	id, addr, mac string
	zone          zone
	sensor        string // the sensor of its subnet
}

// New returns a site with n devices, divided among the zones in the
// proportions of a thousand; every zone has at least two.
func New(seed uint64, n int) Fleet {
	f := Fleet{seed: seed}
	counts := divide(n)
	for i, z := range zones() {
		f.zones = append(f.zones, Zone{z.name, counts[i]})
		for k := range counts[i] {
			f.devices = append(f.devices, newDevice(z, k+1))
		}
	}
	return f
}

// divide returns how many of n devices each zone has; the first, the largest,
// takes what rounding leaves.
func divide(n int) []int {
	var counts []int
	rest := n
	for _, z := range zones() {
		counts = append(counts, max(2, n*z.share/1000))
		rest -= counts[len(counts)-1]
	}
	counts[0] = max(2, counts[0]+rest)
	return counts
}

func newDevice(z zone, n int) device {
	third, fourth := n/200, n%200+10
	return device{
		id:     fmt.Sprintf("%s-%04d", z.prefix, n),
		addr:   fmt.Sprintf("10.%d.%d.%d", z.net, third, fourth),
		mac:    fmt.Sprintf("02:c0:%02x:00:%02x:%02x", z.net, n>>8, n&0xff), // locally administered
		zone:   z,
		sensor: fmt.Sprintf("zeek-%s-%d", z.name, third),
	}
}

// Zones returns the zones and how many devices each has.
func (f Fleet) Zones() []Zone { return f.zones }

// Size is the number of devices.
func (f Fleet) Size() int { return len(f.devices) }

// RoundLabel is the label of devices that tells which round they were
// described for.
const RoundLabel = "demo_round"

// Inventory describes every device and server from the start of p on.
func (f Fleet) Inventory(p Plan) []cordon.Device {
	var out []cordon.Device
	since, labels := p.Start, map[string]string{RoundLabel: strconv.Itoa(p.Round)}
	for _, s := range servers() {
		out = append(out, cordon.Device{
			ID: cordon.DeviceID(s.id), Since: since, Name: s.id, Type: "server", Zone: serverZone,
			Site: "demo", Owner: "it", Protected: true, Managed: true, Addresses: []string{s.addr}, Labels: labels,
		})
	}
	for _, d := range f.devices {
		m := d.zone.model
		out = append(out, cordon.Device{
			ID: cordon.DeviceID(d.id), Since: since, Name: d.id, Type: d.zone.kind,
			Vendor: m.vendor, Model: m.name, Firmware: m.firmware, Serial: serial(d.id),
			Zone: d.zone.name, Site: "demo", Owner: "facilities", Managed: d.zone.name != "guest",
			MACs: []string{d.mac}, Addresses: []string{d.addr}, Labels: labels,
		})
	}
	return out
}

// Greeting is a record that names nothing but the device: it asks for the
// time. Whoever sees it come out as an event of id knows that the inventory is
// known.
func (f Fleet) Greeting(id cordon.DeviceID, at time.Time) (Event, bool) {
	for _, d := range f.devices {
		if d.id == string(id) {
			s := &scribe{sensor: d.sensor, mac: d.mac, rng: f.rng("greeting", d.id)}
			clock(s, at, d)
			return s.events[0], true
		}
	}
	return Event{}, false
}

func serial(id string) string { return strings.ToUpper(cordon.DeriveID("serial", id)[:8]) }

// rng returns the randomness that belongs to label alone, so that one part of
// the simulation does not change when another draws more.
func (f Fleet) rng(label ...string) *rand.Rand {
	h := fnv.New64a()
	for _, l := range label {
		h.Write([]byte(l))
		h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(f.seed, h.Sum64())) //nolint:gosec // to be repeated, not to be unforeseeable
}

// inZone returns the devices of the zone named name.
func (f Fleet) inZone(name string) []device {
	var out []device
	for _, d := range f.devices {
		if d.zone.name == name {
			out = append(out, d)
		}
	}
	return out
}
