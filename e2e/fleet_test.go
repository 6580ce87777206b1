package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// fleetRecords is how many records fleet-dev-1 holds.
const fleetRecords = 67_739

const fleetFile = "fleet-replay/fleet-dev-1.ndjson.zst"

// An outcome is what a run made of its input: what must not depend on crashes.
type outcome struct {
	Events, Rejected int64
	Findings         []string // ids
	Effects          map[string]int
}

// outcome waits until everything that was fed went all the way, and returns
// what came of it.
func (s *stack) outcome(fed int64) outcome {
	s.t.Helper()
	s.settled(fed)
	o := outcome{
		Events: s.records(s.topics.Events()), Rejected: s.records(s.topics.Rejected()),
		Effects: s.hook.effects(),
	}
	for id := range s.findings() {
		o.Findings = append(o.Findings, string(id))
	}
	slices.Sort(o.Findings)
	return o
}

// settled waits until fed raw records are events or rejected, rows are as many
// as records, and every quarantine that findings asked for is in force.
func (s *stack) settled(fed int64) {
	s.t.Helper()
	var state string
	eventually(s.t, 3*time.Minute, func() string { return "not settled: " + state }, func() bool {
		events, rejected := s.records(s.topics.Events()), s.records(s.topics.Rejected())
		state = fmt.Sprintf("fed %d = events %d + rejected %d", fed, events, rejected)
		if events+rejected != fed {
			return false
		}
		for _, topic := range []string{s.topics.Events(), s.topics.Rejected(), s.topics.Findings(), s.topics.Actions()} {
			word := s.topics.Word(topic)
			log, rows := s.records(topic), s.count("SELECT count() FROM "+word)
			state = fmt.Sprintf("topic %s has %d records, its table %d rows", word, log, rows)
			if log != rows {
				return false
			}
		}
		lag, open := s.lag(), s.unfinished()
		state = fmt.Sprintf("services are %d records behind, %d intents open", lag, open)
		return lag == 0 && open == 0
	})
}

// unfinished counts the actions whose intent was not acknowledged yet.
func (s *stack) unfinished() int {
	open := map[cordon.ActionID]bool{}
	s.each(s.topics.Actions(), func(r cordon.Record) {
		a, err := cordon.ActionOf(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		open[a.ID] = a.State == cordon.ApplyIntended || a.State == cordon.ReleaseIntended
	})
	n := 0
	for _, is := range open {
		if is {
			n++
		}
	}
	return n
}

func TestFleetTwice(t *testing.T) {
	file := testdata.Shared(t, fleetFile)
	var runs [2]outcome
	for i := range runs {
		t.Run(fmt.Sprint("run ", i+1), func(t *testing.T) {
			s := newStack(t)
			t.Log(s.feed(file, "zeek"))
			runs[i] = s.outcome(fleetRecords)
			s.checkFleet(0)
		})
	}
	if d := cmp.Diff(runs[0], runs[1]); d != "" {
		t.Errorf("two runs of the same file differ (-first +second):\n%s", d)
	}
	t.Logf("events %d, rejected %d, findings %d, quarantines %d",
		runs[0].Events, runs[0].Rejected, len(runs[0].Findings), len(runs[0].Effects))
}

// checkFleet checks what came of fleet-dev-1: each infected device was found,
// each quarantine was received once and verified.
//
// kills is how often respond was killed: each time a delivery whose answer was
// lost may be repeated, with the same id.
func (s *stack) checkFleet(kills int) {
	s.t.Helper()
	devices := map[cordon.DeviceID][]string{}
	wanted := map[string]bool{}
	for _, f := range s.findings() {
		devices[f.Device] = append(devices[f.Device], f.Policy.ID+" "+f.Severity.String())
		if f.Response == cordon.Quarantine {
			wanted[string(f.Device)] = true
		}
	}
	for _, d := range infected(s.t) {
		found := slices.Collect(maps.Keys(devices))
		i := slices.IndexFunc(found, func(id cordon.DeviceID) bool {
			return strings.Contains(string(id), d.Sensor+"/") && strings.HasSuffix(string(id), d.IP)
		})
		if i < 0 {
			s.t.Errorf("no finding on %s (%s, %s); devices with findings: %v", d.Sensor, d.Family, d.IP, found)
		}
	}
	if c := s.hook.Counts(); c.Duplicates > kills || c.Refused != 0 {
		s.t.Errorf("receiver: %+v; want at most %d repeated deliveries and none refused", c, kills)
	}
	if got := len(s.hook.effects()); got != len(wanted) || got == 0 {
		s.t.Errorf("%d quarantines received; want one for each of the %d devices that findings ask to quarantine", got, len(wanted))
	}
	if dup := s.count("SELECT toUInt64(abs(sum(duplicates))) FROM v1_duplicates"); dup != 0 {
		s.t.Errorf("v1_duplicates = %d; want 0", dup)
	}
}

// A sensor of the fleet watches one device.
type sensor struct {
	Sensor, Family string
	Malicious      bool
	IP             string `json:"device_ip"`
}

// infected are the devices that the truth calls malicious.
func infected(t testing.TB) []sensor {
	t.Helper()
	b, err := os.ReadFile(testdata.Shared(t, "fleet-replay/fleet-dev-1.truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct{ Devices []sensor }
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	bad := slices.DeleteFunc(truth.Devices, func(s sensor) bool { return !s.Malicious })
	if len(bad) != 3 {
		t.Fatalf("the truth names %d infected devices; want 3", len(bad))
	}
	return bad
}
