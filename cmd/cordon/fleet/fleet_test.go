package fleet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
)

func start() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }

func hour(round int) fleet.Plan { return fleet.Plan{Start: start(), Span: time.Hour, Round: round} }

func digest(t *testing.T, f fleet.Fleet, p fleet.Plan) string {
	t.Helper()
	h := sha256.New()
	for _, d := range f.Inventory(p) {
		r, err := d.Record()
		if err != nil {
			t.Fatal(err)
		}
		h.Write(r.Value)
	}
	for _, e := range f.Traffic(p) {
		fmt.Fprintf(h, "%d %s %s %s %s\n", e.At.UnixNano(), e.Format, e.Key, e.Attack, e.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	want := digest(t, fleet.New(42, 1000), hour(0))
	if got := digest(t, fleet.New(42, 1000), hour(0)); got != want {
		t.Errorf("digest of the second run = %s; want %s", got, want)
	}
	for _, c := range []struct {
		name string
		got  string
	}{
		{"seed", digest(t, fleet.New(43, 1000), hour(0))},
		{"round", digest(t, fleet.New(42, 1000), hour(1))},
		{"start", digest(t, fleet.New(42, 1000), fleet.Plan{Start: start().Add(time.Second), Span: time.Hour})},
	} {
		if c.got == want {
			t.Errorf("digest with another %s is the same; want another", c.name)
		}
	}
}

func TestZones(t *testing.T) {
	for _, c := range []struct {
		devices int
		want    []fleet.Zone
	}{
		{1000, []fleet.Zone{{"cctv", 400}, {"hvac", 250}, {"badge", 200}, {"plc", 100}, {"guest", 50}}},
		{50, []fleet.Zone{{"cctv", 21}, {"hvac", 12}, {"badge", 10}, {"plc", 5}, {"guest", 2}}},
		{1, []fleet.Zone{{"cctv", 2}, {"hvac", 2}, {"badge", 2}, {"plc", 2}, {"guest", 2}}},
	} {
		if diff := cmp.Diff(c.want, fleet.New(1, c.devices).Zones()); diff != "" {
			t.Errorf("zones of %d devices (-want +got):\n%s", c.devices, diff)
		}
	}
}

func TestInventoryIsUnambiguous(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range fleet.New(42, 3000).Inventory(hour(0)) {
		for _, id := range append(append([]string{string(d.ID)}, d.Addresses...), d.MACs...) {
			if seen[id] {
				t.Errorf("%s: %s belongs to another device too", d.ID, id)
			}
			seen[id] = true
		}
	}
}

func TestTrafficIsInOrderAndReadable(t *testing.T) {
	p := hour(0)
	events := fleet.New(42, 1000).Traffic(p)
	if len(events) < 10_000 || len(events) > 40_000 {
		t.Errorf("events of an hour = %d; want 10,000 to 40,000", len(events))
	}
	last := p.Start
	for i, e := range events {
		if e.At.Before(last) {
			t.Fatalf("event %d at %v; want not before %v", i, e.At, last)
		}
		last = e.At
		if !json.Valid(e.Value) || bytes.ContainsRune(e.Value, '\n') {
			t.Fatalf("event %d is not one line of JSON: %s", i, e.Value)
		}
	}
	if end := p.Start.Add(p.Span + time.Minute); last.After(end) {
		t.Errorf("last event at %v; want not after %v", last, end)
	}
}

func TestAttacksHitDevicesOfTheirOwn(t *testing.T) {
	f := fleet.New(42, 1000)
	p := hour(0)
	hit := map[string]string{}
	for _, a := range f.Attacks(p) {
		if other := hit[a.Device]; other != "" {
			t.Errorf("%s hits %s, which %s hit already", a.Name, a.Device, other)
		}
		hit[a.Device] = a.Name
		first := time.Time{}
		for _, e := range f.Traffic(p) {
			if e.Attack == a.Name {
				first = e.At
				break
			}
		}
		if first.Before(a.At) || first.After(a.At.Add(10*time.Second)) {
			t.Errorf("first record of %s at %v; want within 10 s of %v", a.Name, first, a.At)
		}
	}
	if len(hit) < 7 {
		t.Errorf("attacks = %d; want at least 7", len(hit))
	}
}
