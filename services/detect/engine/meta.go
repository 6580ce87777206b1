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
	EWMA      Kind = "ewma"       // z: how far the newest value is from mean, in standard deviations; count of values behind mean
	FirstSeen Kind = "first_seen" // age_s since the first event, count; forgotten after `over` without one
	LastSeen  Kind = "last_seen"  // age_s since the last event before this one, count; forgotten after `over` without one
	Interval  Kind = "interval"   // count of gaps between contacts, mean_s, cv: coefficient of variation
	Sequence  Kind = "sequence"   // complete: 1; age_s since the last step, span_s from the first step to it; else not there
	Absence   Kind = "absence"    // overdue_s: by how much longer than `over` there was no event, silent_s, count; on ticks alone
)

func kinds() []string {
	out := make([]string, 0, len(allKinds()))
	for _, k := range allKinds() {
		out = append(out, string(k))
	}
	return out
}

func allKinds() []Kind {
	return []Kind{Count, Distinct, Sum, Rate, EWMA, FirstSeen, LastSeen, Interval, Sequence, Absence}
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
	case EWMA:
		return []string{"mean", "z", "count"}
	case FirstSeen, LastSeen:
		return []string{"age_s", "count"}
	case Sequence:
		return []string{"complete", "age_s", "span_s"}
	case Absence:
		return []string{"overdue_s", "silent_s", "count"}
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

	// Steps of a sequence, in their order: the names that its observe rules
	// give them. A window of any other kind observes under its own name.
	Steps []string `json:",omitempty"`
}

// observers are the names under which w observes.
func (w Window) observers() []string {
	if w.Kind == Sequence {
		return w.Steps
	}
	return []string{w.Name}
}

// Path is the place of a scalar in an event: {"dst_endpoint", "ip"}.
type Path []string

const buckets = 10 // sub-buckets of a window that declares no step
