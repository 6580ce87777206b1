package detection

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
)

// Every attack on the simulated site must be found on the device that it
// happens to, and nothing of high severity on any other.
func TestSimulatedSite(t *testing.T) {
	f := fleet.New(1, 1000)
	plan := fleet.Plan{Start: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Span: time.Hour}
	var recs []raw
	for _, ev := range f.Traffic(plan) {
		recs = append(recs, raw{ev.Format, cordon.Record{Key: ev.Key, Value: ev.Value, Time: ev.At}})
	}
	tr := read(t, f.Inventory(plan), recs)
	if tr.refused > 0 {
		t.Errorf("%d records refused; want 0", tr.refused)
	}
	wanted := map[string]string{ // policy by attack
		"beacon": "CRD-0006", "telnet": "CRD-0021", "portscan": "CRD-0001", "modbus": "CRD-0040",
		"bruteforce": "CRD-0020", "firmware": "CRD-0030", "flood": "CRD-0004", "zone": "CRD-0011", "certificate": "CRD-0032",
	}
	attacked := map[string]bool{}
	found := map[string][]string{}
	for _, x := range detect(t, pack(t), tr) {
		found[string(x.Device)] = append(found[string(x.Device)], fmt.Sprintf("%s %s", x.Policy.ID, x.Severity))
	}
	for _, a := range f.Attacks(plan) {
		attacked[a.Device] = true
		if !slices.ContainsFunc(found[a.Device], func(s string) bool { return s[:8] == wanted[a.Name] }) {
			t.Errorf("attack %s on %s: findings %v; want one of %s", a.Name, a.Device, found[a.Device], wanted[a.Name])
		}
	}
	for _, device := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%s: %v", device, found[device])
		if !attacked[device] && slices.ContainsFunc(found[device], func(s string) bool { return s[9:] == "High" || s[9:] == "Critical" }) {
			t.Errorf("%s, to which nothing happened, is accused: %v", device, found[device])
		}
	}
}
