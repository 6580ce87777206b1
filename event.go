package cordon

import (
	"fmt"
	"strings"
	"time"
)

// Event is what a device did, as reported by a device or a sensor and
// normalised by ingest.
type Event struct {
	ID       EventID
	Device   DeviceID  // whom it is about; the key of its record
	Class    string    // OCSF class, such as "network_activity"
	Source   string    // who reported it, as a URI reference: "/sensors/s-02"
	Time     time.Time // when it happened, as reported; milliseconds
	Recorded time.Time // when the log took the raw record
	Body     []byte    // canonical OCSF JSON, see package ocsf

	// Position is where the event was read from the log; zero before.
	Position Position
}

// NewEventID is the identity of what source reported as raw. The position in
// the log is left out on purpose: a record that is delivered twice keeps its
// identity.
func NewEventID(source string, raw []byte) EventID {
	b := make([]byte, 0, 3*8+len("event")+len(source)+len(raw))
	b = appendCause(b, "event")
	b = appendCause(b, source)
	return EventID(hashID(appendCause(b, raw))) // DeriveID without a copy of raw
}

const eventType = "cordon.event."

// Record encodes e for the events topic.
func (e Event) Record() Record {
	return Record{
		Key: string(e.Device),
		Headers: envelope(string(e.ID), eventType+e.Class, e.Source, e.Time,
			Header{HeaderRecorded, formatTime(e.Recorded)}),
		Value: e.Body,
	}
}

// EventOf decodes a record of the events topic. Body shares r's memory.
func EventOf(r Record) (Event, error) {
	e := Event{
		Device:   DeviceID(r.Key),
		Body:     r.Value,
		Position: r.Position,
	}
	var at, recorded string
	for _, h := range r.Headers {
		switch h.Key {
		case HeaderID:
			e.ID = EventID(h.Value)
		case HeaderType:
			e.Class = strings.TrimPrefix(h.Value, eventType)
		case HeaderSource:
			e.Source = h.Value
		case HeaderTime:
			at = h.Value
		case HeaderRecorded:
			recorded = h.Value
		}
	}
	if e.ID == "" || e.Class == "" || e.Device == "" {
		return Event{}, fmt.Errorf("event at %s: key, %s or %s is missing", r.Position, HeaderID, HeaderType)
	}
	var err error
	if e.Time, err = parseTime(HeaderTime, at); err != nil {
		return Event{}, fmt.Errorf("event at %s: %w", r.Position, err)
	}
	if e.Recorded, err = parseTime(HeaderRecorded, recorded); err != nil {
		return Event{}, fmt.Errorf("event at %s: %w", r.Position, err)
	}
	return e, nil
}
