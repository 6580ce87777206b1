// Package check judges what a run left behind. It reads nothing itself: given
// what stands in the log, what stands in ClickHouse, which offsets were
// committed in which order and which webhooks arrived, it says what was lost,
// duplicated, unseen, out of order or moved back.
package check

import "fmt"

// Place is where a record stands in the log.
type Place struct {
	Topic     string
	Partition int32
	Offset    int64
}

// String returns the place as "topic/partition/offset".
func (p Place) String() string { return fmt.Sprintf("%s/%d/%d", p.Topic, p.Partition, p.Offset) }

// ID is the identity of a record, a UUID.
type ID [16]byte

// Mark is what a raw record says of itself, which its event has to say too; 0
// for one that cannot become an event.
type Mark uint64

// Fed tells the records that were fed apart, garbage too.
type Fed uint64

// Raw is a record that the log took from a device.
type Raw struct {
	Place
	Mark Mark
	Fed  Fed
}

// Event is a record that says which one it was derived from.
type Event struct {
	Place
	ID    ID
	Key   string
	Input Place
	Mark  Mark // of events; rejected records have none
}

// Finding is a record of the findings topic, or one that is expected there.
type Finding struct {
	Place
	ID         string
	Key        string
	Body       string
	Cause      Place
	Quarantine bool
}

// Step is a record of the actions topic.
type Step struct {
	Place
	ID, Action, Op  string
	Finding, Device string
	State           string
}

// Row is a row of a table and the record that it says it was made of.
type Row struct {
	Table string
	Place
}

// Commit is an offset that was committed for a group, or that the broker said
// was when somebody asked.
type Commit struct {
	Group string
	Place
	Asker string // who asked; "": seen on the wire
	Late  bool   // sent when its sender had given it up, and perhaps committed more
}

// Delivery is a webhook as it arrived.
type Delivery struct {
	Op, Device string
	Apply      bool // else a release
	Duplicate  bool // had its effect before
}

// Contained says whether the receiver of webhooks holds a device.
type Contained map[string]bool

// History is all that a run left behind.
type History struct {
	Fed      []Fed // what the log was to take
	Raw      []Raw
	Events   []Event
	Rejected []Event
	Findings []Finding
	Steps    []Step
	Rows     []Row
	Commits  []Commit // in the order in which they were made

	// Expected are the findings that follow from the events, evaluated once
	// more in peace.
	Expected []Finding

	Deliveries []Delivery // in the order in which they arrived
	Contained  Contained  // in the end
}
