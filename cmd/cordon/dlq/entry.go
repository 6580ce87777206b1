// Package dlq is `cordon dlq`: the records that services have refused or given
// up on, what each is, and how to have them handled once more.
//
// They stand in two kinds of topics: rejected, where a service says why it
// refused a record, and TOPIC.dlq, where a subscriber of wkafka parks what it
// could not handle. Both are called parked here. Nothing is deleted from them.
package dlq

import (
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/wkafka"
)

// Entry is a parked record.
type Entry struct {
	At     cordon.Position // where it is parked
	Parked time.Time
	Origin cordon.Position // where it stood
	Taken  time.Time       // when the log took it there; zero: unknown

	Service  string // or consumer group that gave up
	Reason   string // machine-readable
	Detail   string // for people
	Mapper   string // that refused it; may be empty
	Attempts int    // deliveries of a dead letter

	Record wkafka.Record // key, value and headers as they are parked
	Size   int           // of the whole value, when no more than its beginning is parked; else 0
	Letter bool          // it is a dead letter, which has the headers; a rejected one has none
}

// unreadable is the reason of what is in a topic of parked records and is none.
const unreadable = "parked.unreadable"

// entryOf reads a record of a topic of parked records.
func entryOf(r wkafka.Record) Entry {
	e := Entry{At: cordon.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}, Parked: r.Time}
	var err error
	if strings.HasSuffix(r.Topic, wkafka.DeadLetterSuffix) {
		err = e.letter(r)
	} else {
		err = e.rejected(r)
	}
	if err != nil {
		e.Reason, e.Detail, e.Record = unreadable, err.Error(), r
	}
	return e
}

func (e *Entry) letter(r wkafka.Record) error {
	d, err := wkafka.DeadLetterFrom(r)
	if err != nil {
		return err
	}
	e.Letter, e.Record, e.Taken = true, d.Record, d.Record.Time
	e.Origin = cordon.Position{Topic: d.Record.Topic, Partition: d.Record.Partition, Offset: d.Record.Offset}
	e.Service, e.Reason, e.Detail, e.Attempts = d.Group, d.Reason, d.Error, d.Attempts
	return nil
}

func (e *Entry) rejected(r wkafka.Record) error {
	j, err := cordon.RejectedOf(cordon.Record{Position: e.At, Value: r.Value})
	if err != nil {
		return err
	}
	if e.Origin, err = cordon.ParsePosition(j.Input); err != nil {
		return err
	}
	e.Service, e.Reason, e.Detail, e.Mapper, e.Taken, e.Size = j.Service, j.Reason, j.Detail, j.Mapper, j.Recorded, j.Size
	e.Record = wkafka.Record{Topic: e.Origin.Topic, Partition: e.Origin.Partition, Offset: e.Origin.Offset, Time: j.Recorded, Key: []byte(j.Key), Value: j.Bytes}
	return nil
}

// Filter chooses entries.
type Filter struct {
	Reason  string // the whole, or its beginning up to a dot
	Service string
	Topic   string // where the record stood, without the prefix
	Since   time.Time
	At      []cordon.Position // these alone; empty: all
}

// everything reports whether f chooses all there is.
func (f Filter) everything() bool {
	return f.Reason == "" && f.Service == "" && f.Topic == "" && f.Since.IsZero() && len(f.At) == 0
}

func (f Filter) matches(t cordon.Topics, e Entry) bool {
	switch {
	case f.Reason != "" && e.Reason != f.Reason && !strings.HasPrefix(e.Reason, f.Reason+"."):
	case f.Service != "" && e.Service != f.Service && t.Word(e.Service) != f.Service:
	case f.Topic != "" && t.Word(e.Origin.Topic) != f.Topic:
	case e.Parked.Before(f.Since):
	case len(f.At) > 0 && !contains(f.At, e.At):
	default:
		return true
	}
	return false
}

func contains(all []cordon.Position, p cordon.Position) bool {
	for _, a := range all {
		if a == p {
			return true
		}
	}
	return false
}
