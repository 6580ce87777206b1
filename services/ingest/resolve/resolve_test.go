package resolve

import (
	"net/netip"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

const t0 report.Micros = 1772409600e6

func mac(last byte) inventory.MAC { return inventory.MAC{2, 0, 0, 0, 0, last} }

func side(addr string, m inventory.MAC) report.Side {
	s := report.Side{MAC: m}
	if addr != "" {
		s.Addr = netip.MustParseAddr(addr)
	}
	return s
}

func site(t testing.TB, ds ...cordon.Device) *inventory.Inventory {
	t.Helper()
	inv := inventory.New()
	for _, d := range ds {
		r, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		if err := inv.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	inv.Publish()
	return inv
}

func TestWhose(t *testing.T) {
	inv := site(t,
		cordon.Device{ID: "cam", MACs: []string{mac(1).String()}, Addresses: []string{"192.168.1.1"}, Zone: "cctv", Managed: true},
		cordon.Device{ID: "plc", Addresses: []string{"192.168.1.2"}, Zone: "ot", Managed: true},
		cordon.Device{ID: "bulb", Sensors: []string{"s-bulb"}, Zone: "home", Managed: true},
		cordon.Device{ID: "late", Since: t0.Time().Add(time.Hour), Addresses: []string{"192.168.1.3"}},
	)
	var none inventory.MAC
	tests := []struct {
		name     string
		sensor   string
		src, dst report.Side
		device   cordon.DeviceID
		self     report.Side
		want     cordon.DeviceID
	}{
		{"named", "s", side("192.168.1.2", none), report.Side{}, "cam", report.Side{}, "cam"},
		{"named, not enrolled", "s", side("192.168.1.2", none), report.Side{}, "new", report.Side{}, "new"},
		{"describes itself", "s", report.Side{}, report.Side{}, "", side("192.168.1.2", none), "plc"},
		{"describes itself, not enrolled", "s", report.Side{}, report.Side{}, "", side("192.168.1.9", none), "ip:s/192.168.1.9"},
		{"hardware address of the source", "s", side("192.168.1.77", mac(1)), side("192.168.1.2", none), "", report.Side{}, "cam"},
		{"address of the source", "s", side("192.168.1.2", none), side("192.168.1.1", none), "", report.Side{}, "plc"},
		{"destination, the source is not enrolled", "s", side("192.168.1.77", none), side("192.168.1.1", none), "", report.Side{}, "cam"},
		{"destination, the source is outside", "s", side("198.51.100.1", none), side("192.168.1.1", none), "", report.Side{}, "cam"},
		{"the router's address is not that of who is behind it", "s", side("198.51.100.1", mac(1)), side("192.168.1.77", mac(7)), "", report.Side{}, "mac:02:00:00:00:00:07"},
		{"sensor of one device", "s-bulb", side("192.168.1.77", none), side("198.51.100.1", none), "", report.Side{}, "bulb"},
		{"sensor of one device, no address", "s-bulb", report.Side{}, report.Side{}, "", report.Side{}, "bulb"},
		{"before it was enrolled", "s", side("192.168.1.3", none), side("198.51.100.1", none), "", report.Side{}, "ip:s/192.168.1.3"},
		{"not enrolled, hardware address", "s", side("192.168.1.77", mac(7)), side("198.51.100.1", none), "", report.Side{}, "mac:02:00:00:00:00:07"},
		{"not enrolled, the destination is on the site", "s", side("198.51.100.1", none), side("192.168.1.77", none), "", report.Side{}, "ip:s/192.168.1.77"},
		{"not enrolled, both on the site", "s", side("192.168.1.77", none), side("192.168.1.78", none), "", report.Side{}, "ip:s/192.168.1.77"},
		{"not enrolled, to a group", "s", side("198.51.100.1", none), side("224.0.0.251", none), "", report.Side{}, "ip:s/198.51.100.1"},
		{"not enrolled, both outside", "s", side("198.51.100.1", none), side("203.0.113.1", none), "", report.Side{}, "ip:s/198.51.100.1"},
		{"without an address yet", "s", side("0.0.0.0", mac(7)), side("255.255.255.255", inventory.MAC{255, 255, 255, 255, 255, 255}), "", report.Side{}, "mac:02:00:00:00:00:07"},
		{"hardware address alone", "s", side("", mac(7)), report.Side{}, "", report.Side{}, "mac:02:00:00:00:00:07"},
		{"IPv6", "s", side("fd00::7", none), side("2001:db8::1", none), "", report.Side{}, "ip:s/fd00::7"},
		{"nothing at all", "s", report.Side{}, report.Side{}, "", report.Side{}, "sensor:s"},
	}
	for _, tt := range tests {
		r := report.Report{Sensor: tt.sensor, Time: t0, Src: tt.src, Dst: tt.dst, Device: tt.device, Self: tt.self}
		r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkTraffic)
		if got := New(inv).Complete(&r, 0); got != tt.want {
			t.Errorf("%s: device = %q; want %q", tt.name, got, tt.want)
		}
		if got := r.Event.Device.UID; got != string(tt.want) {
			t.Errorf("%s: device.uid = %q; want %q", tt.name, got, tt.want)
		}
		if r.Event.SrcEndpoint == nil && r.Event.DstEndpoint == nil && tt.self == (report.Side{}) {
			t.Errorf("%s: no side, which OCSF does not take", tt.name)
		}
	}
}

func TestDirection(t *testing.T) {
	inv := site(t, cordon.Device{ID: "dmz", Addresses: []string{"203.0.113.80"}})
	tests := []struct {
		src, dst            string
		direction, boundary int
	}{
		{"192.168.1.1", "198.51.100.1", ocsf.DirectionOutbound, ocsf.BoundaryExternal},
		{"198.51.100.1", "192.168.1.1", ocsf.DirectionInbound, ocsf.BoundaryExternal},
		{"198.51.100.1", "203.0.113.80", ocsf.DirectionInbound, ocsf.BoundaryExternal}, // enrolled, so on the site
		{"192.168.1.1", "192.168.1.2", ocsf.DirectionLateral, ocsf.BoundaryInternal},
		{"192.168.1.1", "224.0.0.251", ocsf.DirectionLateral, ocsf.BoundaryInternal},
		{"127.0.0.1", "127.0.0.1", ocsf.DirectionLocal, ocsf.BoundaryLocalhost},
		{"198.51.100.1", "198.51.100.2", ocsf.DirectionUnknown, ocsf.BoundaryExternal},
		{"192.168.1.1", "", ocsf.DirectionUnknown, ocsf.BoundaryUnknown},
	}
	for _, tt := range tests {
		r := report.Report{Sensor: "s", Time: t0, Src: side(tt.src, inventory.MAC{}), Dst: side(tt.dst, inventory.MAC{})}
		r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkTraffic)
		r.Connection("tcp")
		New(inv).Complete(&r, 0)
		if r.Conn.DirectionID != tt.direction || r.Conn.BoundaryID != tt.boundary {
			t.Errorf("%s to %s: direction %d, boundary %d; want %d, %d", tt.src, tt.dst,
				r.Conn.DirectionID, r.Conn.BoundaryID, tt.direction, tt.boundary)
		}
	}
}

// TestSides: both ends are told by the inventory, wherever the device is.
func TestSides(t *testing.T) {
	inv := site(t,
		cordon.Device{ID: "hmi", Addresses: []string{"192.168.1.1"}, Zone: "ot"},
		cordon.Device{ID: "plc", Addresses: []string{"192.168.1.2"}, Zone: "field"},
	)
	r := report.Report{Sensor: "s", Time: t0, Src: side("192.168.1.1", inventory.MAC{}), Dst: side("192.168.1.2", inventory.MAC{})}
	r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkTraffic)
	New(inv).Complete(&r, 0)
	if s, d := r.Event.SrcEndpoint, r.Event.DstEndpoint; s.UID != "hmi" || s.Zone != "ot" || d.UID != "plc" || d.Zone != "field" {
		t.Errorf("sides are %q in %q and %q in %q; want hmi in ot and plc in field", s.UID, s.Zone, d.UID, d.Zone)
	}
}

// learnt is what neighbours tell of 192.168.1.7 after lessons, at a time.
type lesson struct {
	at    time.Duration
	mac   inventory.MAC
	lease time.Duration // of DHCP; 0: seen in a frame
}

func TestNeighbours(t *testing.T) {
	a := netip.MustParseAddr("192.168.1.7")
	tests := []struct {
		name    string
		lessons []lesson
		at      time.Duration
		want    inventory.MAC
	}{
		{"nothing", nil, 0, inventory.MAC{}},
		{"leased", []lesson{{0, mac(1), time.Hour}}, time.Hour, mac(1)},
		{"lease over", []lesson{{0, mac(1), time.Hour}}, time.Hour + 1000, inventory.MAC{}},
		{"before the lease", []lesson{{0, mac(1), time.Hour}}, -1000, inventory.MAC{}},
		{"lease renewed", []lesson{{0, mac(1), time.Hour}, {30 * time.Minute, mac(1), time.Hour}}, 80 * time.Minute, mac(1)},
		{"handed on", []lesson{{0, mac(1), time.Hour}, {30 * time.Minute, mac(2), time.Hour}}, 40 * time.Minute, mac(2)},
		{"handed on, an event from before", []lesson{{0, mac(1), time.Hour}, {30 * time.Minute, mac(2), time.Hour}}, 20 * time.Minute, mac(1)},
		{"there and back", []lesson{{0, mac(1), time.Hour}, {10 * time.Minute, mac(2), time.Hour}, {20 * time.Minute, mac(1), time.Hour}}, 30 * time.Minute, mac(1)},
		{"seen", []lesson{{0, mac(1), 0}}, 59 * time.Minute, mac(1)},
		{"seen long ago", []lesson{{0, mac(1), 0}}, 61 * time.Minute, inventory.MAC{}},
		{"a late record says it was so earlier", []lesson{{30 * time.Minute, mac(1), 0}, {0, mac(1), 0}}, 10 * time.Minute, mac(1)},
		{"told out of order", []lesson{{30 * time.Minute, mac(2), time.Hour}, {0, mac(1), time.Hour}}, 40 * time.Minute, mac(2)},
		{"many holders, the last", []lesson{{0, mac(1), time.Hour}, {1, mac(2), time.Hour}, {2000, mac(3), time.Hour}, {3000, mac(4), time.Hour}, {4000, mac(5), time.Hour}}, time.Minute, mac(5)},
	}
	for _, tt := range tests {
		n := NewNeighbours()
		for i, l := range tt.lessons {
			r := report.Report{Sensor: "s", Time: t0 + report.Micros(l.at.Microseconds())}
			if l.lease > 0 {
				r.Taught = report.Binding{Addr: a, MAC: l.mac, Lease: report.Micros(l.lease.Microseconds())}
			} else {
				r.Src = report.Side{Addr: a, MAC: l.mac}
			}
			n.Learn(&r, int64(i))
		}
		if got := n.MAC("s", a, t0+report.Micros(tt.at.Microseconds())); got != tt.want {
			t.Errorf("%s: MAC = %v; want %v", tt.name, got, tt.want)
		}
		if got := n.MAC("other", a, t0); got != (inventory.MAC{}) {
			t.Errorf("%s: MAC at another sensor = %v; want none", tt.name, got)
		}
	}
}

func TestNotLearnt(t *testing.T) {
	for name, s := range map[string]report.Side{
		"the router's address": side("198.51.100.1", mac(1)),
		"a group":              side("224.0.0.251", mac(1)),
		"no address":           side("0.0.0.0", mac(1)),
		"group MAC":            side("192.168.1.7", inventory.MAC{1, 0, 0x5e, 0, 0, 1}),
	} {
		n := NewNeighbours()
		n.Learn(&report.Report{Sensor: "s", Time: t0, Src: s}, 0)
		if len(n.holders) != 0 {
			t.Errorf("%s: learnt %v; want nothing", name, n.holders)
		}
	}
}

// TestHorizon: what was said too long ago in the log does not count, whether or
// not it is still in memory, so that whoever reads the last records knows the
// same.
func TestHorizon(t *testing.T) {
	a, b := netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("192.168.1.8")
	n := NewNeighbours()
	n.Learn(&report.Report{Sensor: "s", Time: t0, Src: side(a.String(), mac(1))}, 0)
	n.Learn(&report.Report{Sensor: "s", Time: t0, Src: side(b.String(), mac(2))}, 10)
	n.Learn(&report.Report{Sensor: "s", Time: t0}, Horizon)
	if got := n.MAC("s", a, t0); got != mac(1) {
		t.Errorf("at the horizon MAC = %v; want %v", got, mac(1))
	}
	n.Learn(&report.Report{Sensor: "s", Time: t0}, Horizon+1)
	if got := n.MAC("s", a, t0); got != (inventory.MAC{}) {
		t.Errorf("beyond the horizon MAC = %v; want none", got)
	}
	if len(n.holders) != 1 || len(n.order) != 1 {
		t.Errorf("%d addresses, %d sightings in memory; want one of each", len(n.holders), len(n.order))
	}
	n.Learn(&report.Report{Sensor: "s", Time: t0, Src: side(b.String(), mac(2))}, Horizon+5)
	n.Learn(&report.Report{Sensor: "s", Time: t0}, Horizon+11)
	if got := n.MAC("s", b, t0); got != mac(2) {
		t.Errorf("told again, MAC = %v; want %v", got, mac(2))
	}
}

// TestRelearnt: a resolver that read the last records alone gives the same
// devices as one that read all.
func TestRelearnt(t *testing.T) {
	inv := site(t)
	record := func(i int64) *report.Report {
		r := &report.Report{Sensor: "s", Time: t0 + report.Micros(i)*1e6, Src: side("192.168.1.7", inventory.MAC{})}
		if i%7 == 0 {
			r.Src.MAC = mac(byte(i % 3))
		}
		r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkTraffic)
		return r
	}
	const last = Horizon + 50
	all := New(inv)
	for i := int64(0); i < last; i++ {
		all.Learn(record(i), i)
	}
	fresh := New(inv)
	for i := int64(last - Horizon); i < last; i++ {
		fresh.Learn(record(i), i)
	}
	for i := int64(last); i < last+20; i++ {
		if a, b := all.Complete(record(i), i), fresh.Complete(record(i), i); a != b {
			t.Fatalf("record %d: %s; having read the last records alone %s", i, a, b)
		}
	}
}
