package detection

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

// latenessPolicy counts all events of a device in windows of three lengths.
const latenessPolicy = `# METADATA
# title: Late
# description: Counts events in windows of three lengths.
# custom:
#   id: CRD-9000
#   severity: low
#   response: alert
#   windows:
#     m5: {kind: count, by: [input.device.uid], over: 5m}
#     h1: {kind: count, by: [input.device.uid], over: 1h}
#     h24: {kind: count, by: [input.device.uid], over: 24h}
package policies.test.late

observe contains "m5" if input.device.uid

observe contains "h1" if input.device.uid

observe contains "h24" if input.device.uid

findings contains "never" if input.windows.m5.count < 0
`

// latenessOf counts the events of tr that are older than the newest one of
// their device, and returns the greatest difference.
func latenessOf(tr traffic) (behind int, worst time.Duration) {
	newest := map[cordon.DeviceID]time.Time{}
	for _, ev := range tr.events {
		late := newest[ev.Device].Sub(ev.Time)
		if late <= 0 {
			newest[ev.Device] = ev.Time
			continue
		}
		behind++
		worst = max(worst, late)
	}
	return behind, worst
}

// TestLateness shows what the rule about late events costs on the recorded
// fleet, in the order in which its records arrived.
func TestLateness(t *testing.T) {
	tr := readZeek(t, nil, "fleet-replay", "fleet-dev-1.ndjson.zst")
	fsys := fstest.MapFS{"test/late/policy.rego": &fstest.MapFile{Data: []byte(latenessPolicy)}}
	p, err := engine.Load(context.Background(), fsys, engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	counts := engine.NewCounts()
	detectWith(t, p, tr, engine.Options{Counts: counts})
	behind, worst := latenessOf(tr)
	share := func(n int64) string { return fmt.Sprintf("%d (%.2f %%)", n, 100*float64(n)/float64(len(tr.events))) }
	t.Logf("%d events, %s behind the newest of their device, the worst by %s", len(tr.events), share(int64(behind)), worst.Round(time.Second))
	late := map[string]int64{}
	counts.Each(func(_ string, n *engine.PolicyCounts) {
		for name, w := range n.Windows {
			late[name] = w.Late.Load()
		}
	})
	t.Logf("too late for 5m: %s, for 1h: %s, for 24h: %s", share(late["m5"]), share(late["h1"]), share(late["h24"]))
	if worst < 20*time.Hour || late["m5"] == 0 {
		t.Errorf("the worst event is %s behind and %d are too late for 5m; the recording is said to have some of 21.9 h", worst, late["m5"])
	}
	if late["m5"] < late["h1"] || late["h1"] < late["h24"] || late["m5"] > int64(behind) {
		t.Errorf("too late: %v of %d that are behind; want fewer the longer the window", late, behind)
	}
	if late["h24"] > 0 {
		t.Errorf("%d events too late for a day; none is a day behind", late["h24"])
	}
}
