// Package load makes the records that a chaos run feeds: every one of them is
// known, so that what comes of them can be counted out.
package load

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/e2e/chaos/check"
)

// Record is a record for a raw topic.
type Record struct {
	Format string // of the topic
	Key    string
	Value  []byte
}

// Load makes records: connections of many devices, each with the number that it
// has among those of its device; once in a while one that asks for a
// quarantine; and garbage.
type Load struct {
	events  int
	devices []uint32 // last number of each
	made    int
	rand    *rand.Rand
}

// garbage is one of how many records.
const garbage = 100

// New returns a load of events records that follow from seed.
func New(events int, seed uint64) *Load {
	return &Load{
		events:  events,
		devices: make([]uint32, min(max(events/500, 24), 400)),
		rand:    rand.New(rand.NewPCG(seed, 2)), //nolint:gosec // it is to be repeatable
	}
}

// epoch is when the devices' clocks begin; each record is a millisecond later
// than the one before, so that windows do not depend on how fast a run is.
const epoch = 1772409600

// Device is the identity of device n.
func Device(n int) cordon.DeviceID { return cordon.DeviceID(fmt.Sprintf("dev-%04d", n)) }

func address(n int) string { return fmt.Sprintf("10.%d.%d.7", 1+n/200, 1+n%200) }

// Inventory are the devices of the load.
func (l *Load) Inventory() []cordon.Device {
	var all []cordon.Device
	for n := range l.devices {
		all = append(all, cordon.Device{
			ID: Device(n), Since: time.Unix(epoch-3600, 0).UTC(), Name: string(Device(n)),
			Type: "sensor", Zone: "plant", Managed: true, Addresses: []string{address(n)},
		})
	}
	return all
}

// Next returns the next record; ok is false when there is none.
func (l *Load) Next() (r Record, ok bool) {
	if l.made == l.events {
		return r, false
	}
	i := l.made
	l.made++
	if n, due := l.quarantine(i); due {
		return l.connection(n, i, 23), true
	}
	if l.rand.IntN(garbage) == 0 {
		return l.garbage(i), true
	}
	return l.connection(l.rand.IntN(len(l.devices)), i, 8000+l.rand.IntN(50)), true
}

// quarantine says whose turn it is to be quarantined at record i: each device
// has one, in the middle half of the load.
func (l *Load) quarantine(i int) (device int, due bool) {
	every := l.events / 2 / len(l.devices)
	from := l.events / 8
	n := (i - from) / max(every, 1)
	return n, i >= from && (i-from)%max(every, 1) == 0 && n < len(l.devices)
}

func (l *Load) connection(device, i, port int) Record {
	l.devices[device]++
	at := epoch*1000 + i
	v := fmt.Appendf(nil, `{"_path":"conn","_sensor":"chaos","ts":%d.%03d,"uid":"C%04d-%d","id.orig_h":"%s","id.orig_p":%d,`+
		`"id.resp_h":"192.0.2.%d","id.resp_p":%d,"proto":"tcp","duration":%d.5,"orig_bytes":%d,"resp_bytes":%d,`+
		`"conn_state":"SF","history":"ShADadFf","orig_pkts":20,"orig_ip_bytes":1400,"resp_pkts":22,"resp_ip_bytes":2000}`,
		at/1000, at%1000, device, l.devices[device], address(device), 20000+l.rand.IntN(20000),
		1+l.rand.IntN(250), port, l.rand.IntN(30), l.rand.IntN(5000), l.rand.IntN(50000))
	return Record{"zeek", string(Device(device)), v}
}

func (l *Load) garbage(i int) Record {
	device := l.rand.IntN(len(l.devices))
	formats := cordon.Formats()
	return Record{
		formats[l.rand.IntN(len(formats))], string(Device(device)),
		fmt.Appendf(nil, `{"_path":"conn","ts":%d.5,"broken":`, epoch+i),
	}
}

// MarkOf finds the mark in the bytes of a raw record or of an event's body; 0
// if there is none.
func MarkOf(value []byte) check.Mark {
	m := uid().FindSubmatch(value)
	if m == nil {
		return 0
	}
	device, err := strconv.ParseUint(string(m[1]), 10, 31)
	number, err2 := strconv.ParseUint(string(m[2]), 10, 32)
	if err != nil || err2 != nil {
		return 0
	}
	return check.Mark((device+1)<<32 | number)
}

// FedOf tells the bytes of a raw record from those of all others of a load; 0 if
// they are of none.
func FedOf(value []byte) check.Fed {
	if m := MarkOf(value); m != 0 {
		return check.Fed(m)
	}
	m := broken().FindSubmatch(value)
	if m == nil {
		return 0
	}
	at, err := strconv.ParseUint(string(m[1]), 10, 62)
	if err != nil {
		return 0
	}
	return check.Fed(at | 1<<63)
}

var broken = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"ts":(\d+)\.5,"broken":$`) })

// Fed are all records of the load events, seed.
func Fed(events int, seed uint64) []check.Fed {
	all := make([]check.Fed, 0, events)
	l := New(events, seed)
	for r, ok := l.Next(); ok; r, ok = l.Next() {
		all = append(all, FedOf(r.Value))
	}
	return all
}

var uid = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"uid":"C(\d{4})-(\d+)"`) })
