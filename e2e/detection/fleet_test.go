package detection

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// The three infected devices of the fleet must be found, the two that attack
// must be quarantined, and hardly any clean one may be accused.
func TestFleet(t *testing.T) {
	tr := readZeek(t, nil, "fleet-replay", "fleet-dev-1.ndjson.zst")
	t.Logf("%d events, %d refused", len(tr.events), tr.refused)
	fs := detect(t, pack(t), tr)
	infected := map[string]string{}
	for _, s := range truths(t) {
		if s.Malicious {
			infected[s.Sensor] = s.Family
		}
	}
	worst := map[string]cordon.Severity{}
	quarantined := map[string]bool{}
	table := map[string]map[string]int{}
	for _, f := range fs {
		worst[f.sensor] = max(worst[f.sensor], f.Severity)
		quarantined[f.sensor] = quarantined[f.sensor] || f.Response == cordon.Quarantine
		who := infected[f.sensor]
		if who == "" {
			who = "clean"
		}
		row := fmt.Sprintf("%s %s (%s, %s)", f.Policy.ID, strings.TrimPrefix(f.Policy.Package, "policies."), f.Severity, f.Response)
		if table[row] == nil {
			table[row] = map[string]int{}
		}
		table[row][who]++
	}
	for _, row := range slices.Sorted(maps.Keys(table)) {
		t.Logf("%s: %v", row, table[row])
	}
	for sensor, family := range infected {
		if worst[sensor] == 0 {
			t.Errorf("no finding on %s, infected by %s", sensor, family)
		}
		if family != "Torii" && !quarantined[sensor] {
			t.Errorf("%s, infected by %s, is not quarantined", sensor, family)
		}
	}
	checkClean(t, worst, quarantined, infected)
}

const (
	mostAccused = 3 // clean sensors, of 326, with a finding of high severity
	mostTouched = 0 // clean sensors that would be quarantined
)

func checkClean(t *testing.T, worst map[string]cordon.Severity, quarantined map[string]bool, infected map[string]string) {
	t.Helper()
	var any, accused, touched []string
	for sensor, s := range worst {
		if infected[sensor] != "" {
			continue
		}
		any = append(any, sensor)
		if s >= cordon.High {
			accused = append(accused, sensor)
		}
		if quarantined[sensor] {
			touched = append(touched, sensor)
		}
	}
	t.Logf("clean sensors with any finding: %d; of high severity: %v; quarantined: %v", len(any), accused, touched)
	if len(accused) > mostAccused {
		t.Errorf("%d clean sensors accused at high severity: %v; want at most %d", len(accused), accused, mostAccused)
	}
	if len(touched) > mostTouched {
		t.Errorf("%d clean sensors quarantined: %v; want at most %d", len(touched), touched, mostTouched)
	}
}

// The same records give the same findings, byte for byte, and the same ones
// when OPA decides everything.
func TestFleetTwice(t *testing.T) {
	tr := readZeek(t, nil, "fleet-replay", "fleet-dev-1.ndjson.zst")
	p := pack(t)
	sameFindings(t, detect(t, p, tr), detect(t, p, tr))
	part := tr.of(6000, "s-02", "s-03", "s-04", "o-11-00", "o-15-01")
	native := detect(t, p, part)
	if len(native) < 5 {
		t.Errorf("%d findings in a part of the fleet; want more", len(native))
	}
	sameFindings(t, detectWith(t, p, part, engine.Options{Plain: true}), native)
}

// of returns at most n events, of those sensors.
func (tr traffic) of(n int, sensors ...string) traffic {
	var out traffic
	for i, ev := range tr.events {
		if len(out.events) < n && slices.Contains(sensors, tr.sensors[i]) {
			out.events = append(out.events, ev)
			out.sensors = append(out.sensors, tr.sensors[i])
		}
	}
	return out
}

func sameFindings(t *testing.T, a, b []found) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d and %d findings", len(a), len(b))
	}
	for i := range a {
		x, err := a[i].Record()
		if err != nil {
			t.Fatal(err)
		}
		y, err := b[i].Record()
		if err != nil {
			t.Fatal(err)
		}
		if string(x.Value) != string(y.Value) {
			t.Fatalf("finding %d differs:\n%s\n%s", i, x.Value, y.Value)
		}
	}
}
