package history

import (
	"slices"
	"time"

	"github.com/cordon-iot/cordon"
)

// What DateTime64(3) can hold: the years 1900 to 2299.
const (
	minMilli = -2208988800000
	maxMilli = 10413791999999
)

// milli is t as DateTime64(3) holds it. The zero time, which says that there is
// none, is 0; what is out of range is the nearest that is in range.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.UnixMilli(), minMilli), maxMilli)
}

const maxDays = 31

// days gives for each record of a batch the day on which the log took it, in
// days since 1970. Where the broker does not stamp records itself, their senders
// do; a batch that claims more than maxDays days, which would become that many
// parts on disk, is not believed: all of it counts from its median day.
func days(batch []cordon.Record, into []uint16) []uint16 {
	into = into[:0]
	distinct := make(map[uint16]bool, maxDays)
	for i := range batch {
		d := day(batch[i].Time)
		into = append(into, d)
		if len(distinct) <= maxDays {
			distinct[d] = true
		}
	}
	if len(distinct) <= maxDays {
		return into
	}
	sorted := slices.Sorted(slices.Values(into))
	for i := range into {
		into[i] = sorted[len(sorted)/2]
	}
	return into
}

// day is the day of t as Date holds it: since 1970, up to 2149.
func day(t time.Time) uint16 {
	const secondsPerDay = 24 * 60 * 60
	return uint16(min(max(t.Unix(), 0)/secondsPerDay, 1<<16-1))
}

// tier is how many days an event of class is kept. What says how a device
// stands is worth more, and tells less about people, than what it sent.
func tier(class string) int16 {
	switch class {
	case "authentication", "process_activity", "peripheral_activity", "tunnel_activity":
		return 90
	case "inventory_info", "device_config_state_change", "patch_state", "software_info",
		"detection_finding", "network_remediation_activity":
		return 365
	}
	return 30
}
