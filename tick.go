package cordon

import (
	"fmt"
	"time"
)

// Tick is the record by which time passes in the log: whoever appends to the
// events topic says now and then, in every partition, how late it is. Without
// it nobody could tell a quiet device from a quiet log.
//
// The time comes from the clock of the producer, once; whoever reads the log
// has no other. So a replay, or a second reader, comes to the same conclusions
// at the same place. A producer must not say that it is later than the events
// that it has yet to append: else it makes devices silent that only waited.
type Tick struct {
	Key      string    // one that leads to the partition that it is for
	At       time.Time // milliseconds
	Source   string    // who says so, as a URI reference: "/ingest"
	Position Position  // where it was read from the log; zero before
}

// TickType is the type of a tick's record, which no event has.
const TickType = "cordon.tick"

// Record encodes t for the events topic. The same time from the same source is
// the same tick, in whatever partition.
func (t Tick) Record() Record {
	return Record{
		Key: t.Key,
		Headers: envelope(DeriveID("tick", t.Source, formatTime(t.At)), TickType, t.Source, t.At,
			Header{HeaderRecorded, formatTime(t.At)}),
		Value: fmt.Appendf(nil, `{"class_name":%q,"class_uid":0,"time":%d}`, TickType, t.At.UnixMilli()),
	}
}

// IsTick reports whether r, a record of the events topic, is a tick and no
// event.
func IsTick(r Record) bool { return r.Header(HeaderType) == TickType }

// TickOf decodes a tick.
func TickOf(r Record) (Tick, error) {
	t := Tick{Key: r.Key, Source: r.Header(HeaderSource), Position: r.Position}
	if !IsTick(r) {
		return t, fmt.Errorf("record at %s: no tick, but %q", r.Position, r.Header(HeaderType))
	}
	var err error
	if t.At, err = parseTime(HeaderTime, r.Header(HeaderTime)); err != nil {
		return t, fmt.Errorf("tick at %s: %w", r.Position, err)
	}
	return t, nil
}
