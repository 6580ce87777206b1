package engine

import (
	"time"

	"github.com/cordon-iot/cordon"
)

// Meta is what the METADATA block of a policy says.
type Meta struct {
	ID             string // CRD-0001 and so on; never reused
	Title          string
	Description    string
	Severity       cordon.Severity
	Response       cordon.Response
	Lease          time.Duration // of a quarantine; 0 = respond's default
	Attack         []string      // ATT&CK techniques
	Status         Status
	Windows        []Window      // sorted by name
	Suppress       time.Duration // event time in which a finding is not repeated
	FalsePositives string
	NextSteps      string
}

// Status says how far a policy can be relied on.
type Status string

// Statuses.
const (
	Experimental Status = "experimental" // may alert, never quarantine
	Stable       Status = "stable"
)

// Kind is how a window sums up the events that it observes.
type Kind string

// Kinds of windows, with the fields that a rule sees below
// input.windows.<name>.
const (
	Count     Kind = "count"      // count
	Distinct  Kind = "distinct"   // distinct: different values of `of`, at most `max`
	Sum       Kind = "sum"        // sum of `of`, count
	Rate      Kind = "rate"       // per_s: events, or the sum of `of`, a second over the whole window; count
	FirstSeen Kind = "first_seen" // age_s since the first event, count; forgotten after `over` without one
	Interval  Kind = "interval"   // count of gaps between contacts, mean_s, cv: coefficient of variation
)

func kinds() []string {
	return []string{string(Count), string(Distinct), string(Sum), string(Rate), string(FirstSeen), string(Interval)}
}

// fields are what a rule may read of a window of kind k.
func (k Kind) fields() []string {
	switch k {
	case Count:
		return []string{"count"}
	case Distinct:
		return []string{"distinct"}
	case Sum:
		return []string{"sum", "count"}
	case Rate:
		return []string{"per_s", "count"}
	case FirstSeen:
		return []string{"age_s", "count"}
	}
	return []string{"count", "mean_s", "cv"}
}

// Window declares what a policy remembers: events for which the rule
// observe contains Name, summed up over event time.
type Window struct {
	Name string
	Kind Kind
	By   []Path        // one state for each combination of values
	Of   Path          // what is summed up or told apart
	Over time.Duration // how far back a window looks
	Step time.Duration // width of a sub-bucket: by so much a window forgets at once
	Max  int           // most values that distinct tells apart
	Gap  time.Duration // interval: events closer than this are one contact
}

// Path is the place of a scalar in an event: {"dst_endpoint", "ip"}.
type Path []string

const buckets = 10 // sub-buckets of a window that declares no step
