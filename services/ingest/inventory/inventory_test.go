package inventory

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
)

var t0 = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }

func when(minutes int) Millis { return Millis(at(minutes).UnixMilli()) }

// fold returns an inventory that has read ds in this order. If live is set it
// was published before the first of them.
func fold(t testing.TB, live bool, ds ...cordon.Device) *Inventory {
	t.Helper()
	v := New()
	if live {
		v.Publish()
	}
	for _, d := range ds {
		r, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	v.Publish()
	return v
}

func id(e *Entry) string {
	if e == nil {
		return ""
	}
	return string(e.Device.ID)
}

func TestLookup(t *testing.T) {
	cam := cordon.Device{ID: "cam", Since: at(0), Name: "old", MACs: []string{"02:00:00:00:00:0A"}, Addresses: []string{"10.0.0.7"}}
	moved := cam
	moved.Since, moved.Name, moved.Addresses = at(60), "new", []string{"10.0.0.8"}
	heir := cordon.Device{ID: "heir", Since: at(60), Addresses: []string{"10.0.0.7"}}
	solo := cordon.Device{ID: "solo", Sensors: []string{"s-1"}, Addresses: []string{"10.0.0.8"}}
	gone := cordon.Device{ID: "gone", Since: at(90), Retired: true, MACs: []string{"02-00-00-00-00-0b"}, Addresses: []string{"10.0.0.9"}}

	a := netip.MustParseAddr
	for _, live := range []bool{false, true} {
		s := fold(t, live, cam, moved, heir, solo, gone).Snapshot()
		tests := []struct {
			name string
			got  *Entry
			want string
		}{
			{"address before the first description", s.Addr("x", a("10.0.0.7"), when(-1)), ""},
			{"address of the old description", s.Addr("x", a("10.0.0.7"), when(59)), "cam"},
			{"address handed on", s.Addr("x", a("10.0.0.7"), when(60)), "heir"},
			{"new address", s.Addr("x", a("10.0.0.8"), when(60)), "cam"},
			{"new address, before", s.Addr("x", a("10.0.0.8"), when(59)), ""},
			{"same address at a sensor of its own", s.Addr("s-1", a("10.0.0.8"), when(60)), "solo"},
			{"sensor, from the beginning", s.Sensor("s-1", -1), "solo"},
			{"unknown sensor", s.Sensor("s-2", when(0)), ""},
			{"hardware address in capitals", s.MAC("x", MAC{2, 0, 0, 0, 0, 10}, when(30)), "cam"},
			{"retired, hardware address", s.MAC("x", MAC{2, 0, 0, 0, 0, 11}, when(90)), "gone"},
			{"retired, address", s.Addr("x", a("10.0.0.9"), when(90)), ""},
			{"id", s.Device("cam", when(0)), "cam"},
			{"unknown id", s.Device("none", when(0)), ""},
		}
		for _, tt := range tests {
			if got := id(tt.got); got != tt.want {
				t.Errorf("%s (live %v): got %q; want %q", tt.name, live, got, tt.want)
			}
		}
		if got := s.Device("cam", when(59)).Device.Name; got != "old" {
			t.Errorf("name at 59 min = %q; want old", got)
		}
		if got := s.Device("cam", when(60)).Device.Name; got != "new" {
			t.Errorf("name at 60 min = %q; want new", got)
		}
	}
}

func TestLaterRecordCountsFromItsSince(t *testing.T) {
	first := cordon.Device{ID: "d", Since: at(10), Addresses: []string{"10.0.0.1"}}
	second := cordon.Device{ID: "d", Since: at(20), Addresses: []string{"10.0.0.2"}}
	correction := cordon.Device{ID: "d", Since: at(5), Addresses: []string{"10.0.0.3"}}
	s := fold(t, true, first, second, correction).Snapshot()
	for addr, want := range map[string]string{"10.0.0.1": "", "10.0.0.2": "", "10.0.0.3": "d"} {
		if got := id(s.Addr("", netip.MustParseAddr(addr), when(30))); got != want {
			t.Errorf("Addr(%s) = %q; want %q", addr, got, want)
		}
	}
}

func TestSameClaimAtOnce(t *testing.T) {
	a := cordon.Device{ID: "a", Since: at(0), Addresses: []string{"10.0.0.1"}}
	b := cordon.Device{ID: "b", Since: at(0), Addresses: []string{"10.0.0.1"}}
	for _, order := range [][]cordon.Device{{a, b}, {b, a}} {
		s := fold(t, true, order...).Snapshot()
		if got := id(s.Addr("", netip.MustParseAddr("10.0.0.1"), when(0))); got != "a" {
			t.Errorf("owner read as %s, %s = %q; want a", order[0].ID, order[1].ID, got)
		}
	}
}

func TestTombstone(t *testing.T) {
	d := cordon.Device{ID: "d", Addresses: []string{"10.0.0.1"}}
	v := fold(t, true, d)
	if err := v.Fold(cordon.Record{Key: "d"}); err != nil {
		t.Fatal(err)
	}
	s := v.Snapshot()
	if got := id(s.Device("d", 0)) + id(s.Addr("", netip.MustParseAddr("10.0.0.1"), 0)); got != "" {
		t.Errorf("after the tombstone got %q; want nothing", got)
	}
}

func TestFoldRefusesNonsense(t *testing.T) {
	v := fold(t, true, cordon.Device{ID: "d"})
	before := v.Snapshot()
	if err := v.Fold(cordon.Record{Key: "x", Value: []byte(`{"name":"no id"}`)}); err == nil {
		t.Error("Fold(no id) = nil; want an error")
	}
	if v.Snapshot() != before {
		t.Error("a refused record changed the inventory")
	}
}

// fleet is n devices with an address and a hardware address each.
func fleet(n int) []cordon.Device {
	ds := make([]cordon.Device, n)
	for i := range ds {
		ds[i] = cordon.Device{
			ID:        cordon.DeviceID(fmt.Sprintf("dev-%05d", i)),
			MACs:      []string{MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}.String()},
			Addresses: []string{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String()},
		}
	}
	return ds
}

func TestManyChangesWhileRead(t *testing.T) {
	const n = 3000
	ds := fleet(n)
	v := fold(t, false, ds[:n/2]...)
	early := v.Snapshot()
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				s := v.Snapshot()
				if got := id(s.Addr("", netip.AddrFrom4([4]byte{10, 0, 0, 1}), 0)); got != "dev-00001" {
					t.Errorf("Addr during changes = %q; want dev-00001", got)
					return
				}
			}
		})
	}
	for _, d := range ds[n/2:] {
		r, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
	late := v.Snapshot()
	for i, d := range ds {
		a := netip.MustParseAddr(d.Addresses[0])
		if got := id(late.Addr("", a, 0)); got != string(d.ID) {
			t.Fatalf("Addr(%v) = %q; want %s", a, got, d.ID)
		}
		if got := id(early.Addr("", a, 0)); (got != "") != (i < n/2) {
			t.Fatalf("Addr(%v) in the early snapshot = %q", a, got)
		}
	}
}

func TestParseMAC(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"00:17:88:24:76:ff", "00:17:88:24:76:ff", true},
		{"AA-BB-CC-DD-EE-0F", "aa:bb:cc:dd:ee:0f", true},
		{"", "", false},
		{"00:17:88:24:76", "", false},
		{"00:17:88:24:76:fg", "", false},
		{"00.17.88.24.76.ff", "", false},
	}
	for _, tt := range tests {
		m, ok := ParseMAC(tt.in)
		if ok != tt.ok || ok && m.String() != tt.want {
			t.Errorf("ParseMAC(%q) = %v, %v; want %s, %v", tt.in, m, ok, tt.want, tt.ok)
		}
	}
}

func BenchmarkAddr(b *testing.B) {
	s := fold(b, false, fleet(50_000)...).Snapshot()
	a := netip.AddrFrom4([4]byte{10, 0, 77, 7})
	b.ReportAllocs()
	for b.Loop() {
		if s.Addr("s-1", a, 1) == nil {
			b.Fatal("not found")
		}
	}
}

func BenchmarkFold(b *testing.B) {
	ds := fleet(50_000)
	v := fold(b, false, ds...)
	r, err := ds[7].Record()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Fold(r); err != nil {
			b.Fatal(err)
		}
	}
}
