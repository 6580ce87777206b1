package detect

import (
	"bytes"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

const silencePolicy = `# METADATA
# title: T
# description: D
# custom:
#   id: CRD-0001
#   severity: high
#   response: alert
#   windows:
#     beat: {kind: absence, by: [input.device.uid], over: 10m}
package policies.a.b

observe contains "beat" if input.device.uid

findings contains "silent" if input.windows.beat.overdue_s >= 0
`

func silencePack(t *testing.T) *engine.Pack {
	t.Helper()
	p, err := engine.Load(t.Context(), fstest.MapFS{"a/b/policy.rego": {Data: []byte(silencePolicy)}}, engine.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A tick among the events lets a policy notice a device that is silent; a fold
// remembers that it did.
func TestTick(t *testing.T) {
	pack := silencePack(t)
	ev := attacks(t)[0]
	late := cordon.Tick{At: ev.Time.Add(time.Hour), Source: "/test"}.Record()
	log := []cordon.Record{ev.Record(), cordon.Tick{At: ev.Time, Source: "/test"}.Record(), late, late}
	applied, folded := newStep(fixed(pack), engine.Options{}, "findings"), newStep(fixed(pack), engine.Options{}, "findings")
	for i, in := range log {
		in.Position = cordon.Position{Topic: "events", Offset: int64(i)}
		outs, err := applied.Apply(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if err := folded.Fold(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		want := 0
		if i == 2 {
			want = 1
		}
		if len(outs) != want {
			t.Errorf("record %d gives %d findings; want %d", i, len(outs), want)
		}
		for _, out := range outs {
			if out.Record.Key != string(ev.Device) {
				t.Errorf("the finding is about %s; want %s", out.Record.Key, ev.Device)
			}
		}
	}
	if !bytes.Equal(stateOf(t, applied), stateOf(t, folded)) {
		t.Error("the state of what was applied and of what was folded differ")
	}
}

func TestTickWithoutTime(t *testing.T) {
	pack := silencePack(t)
	in := cordon.Record{Position: cordon.Position{Topic: "events"}, Headers: []cordon.Header{{Key: cordon.HeaderType, Value: cordon.TickType}}}
	var refused *stream.RejectError
	if _, err := newStep(fixed(pack), engine.Options{}, "findings").Apply(t.Context(), in); !errors.As(err, &refused) || refused.Reason != reasonEnvelope {
		t.Errorf("Apply of a tick without a time = %v; want it refused for %s", err, reasonEnvelope)
	}
}
