package cordon

import (
	"encoding/json"
	"fmt"
	"time"
)

// ChangeKind says what a Change is.
type ChangeKind string

// Kinds of changes.
const (
	// OwnerChange: a process has taken the partition over. What another one
	// writes behind it does not count.
	OwnerChange ChangeKind = "owner"
	// RulesetChange: from an event on another set of policies holds.
	RulesetChange ChangeKind = "ruleset"
	// OverrunChange: a policy was stopped on an event.
	OverrunChange ChangeKind = "overrun"
)

// Change is a decision about how a partition of events is evaluated that does
// not follow from the events: a replay makes it at the same place.
type Change struct {
	Kind      ChangeKind `json:"kind"`
	Partition int        `json:"partition"`            // of events
	Offset    int64      `json:"offset"`               // of the first event for which it holds
	Owner     int64      `json:"owner"`                // where in this topic whoever decided took the partition over; 0 in an OwnerChange
	Number    int        `json:"number"`               // of changes of the partition that counted before; 0 but in a RulesetChange
	Ruleset   string     `json:"ruleset,omitempty"`    // digest
	RulesetAt string     `json:"ruleset_at,omitempty"` // position of that Ruleset
	Author    string     `json:"author,omitempty"`     // of that Ruleset
	Overrun   *Overrun   `json:"overrun,omitempty"`

	Time     time.Time `json:"-"` // when the log took the event at Offset; zero in an OwnerChange
	Position Position  `json:"-"` // where it was read; zero before
}

// Record encodes c for the changes topic, under key.
func (c Change) Record(key string) (Record, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return Record{}, fmt.Errorf("change of partition %d: %w", c.Partition, err)
	}
	return Record{
		Key: key, Time: c.Time, Value: body,
		Headers: envelope(DeriveID("change", string(body)), "cordon.change."+string(c.Kind), "/detect", c.Time),
	}, nil
}

// ChangeOf decodes a record of the changes topic.
func ChangeOf(r Record) (Change, error) {
	var c Change
	if err := json.Unmarshal(r.Value, &c); err != nil {
		return Change{}, fmt.Errorf("change at %s: %w", r.Position, err)
	}
	c.Time, c.Position = r.Time, r.Position
	return c, nil
}
