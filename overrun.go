package cordon

import (
	"encoding/json"
	"fmt"
	"time"
)

// Overrun says that a policy took longer than its budget on one event, was
// stopped, and was silent on it. It is in the log because how long something
// takes does not follow from the log.
type Overrun struct {
	Policy   PolicyRef
	Rule     string // "findings", or "observe" and the name of a window
	Device   DeviceID
	Cause    EventID
	CauseAt  Position
	Time     time.Time // of the event
	Budget   time.Duration
	Disables bool // it happened too often: the policy is disabled in the partition from here on
}

type overrunBody struct {
	BudgetMS int64    `json:"budget_ms"`
	CauseAt  string   `json:"cause_at"`
	Device   DeviceID `json:"device"`
	Digest   string   `json:"digest"`
	Disables bool     `json:"disables"`
	Event    EventID  `json:"event"`
	Package  string   `json:"package"`
	Policy   string   `json:"policy"`
	Rule     string   `json:"rule"`
	Time     int64    `json:"time"`
	Title    string   `json:"title"`
}

// MarshalJSON writes o with the names that are in the log.
func (o Overrun) MarshalJSON() ([]byte, error) {
	return json.Marshal(overrunBody{
		BudgetMS: o.Budget.Milliseconds(), CauseAt: o.CauseAt.String(), Device: o.Device, Digest: o.Policy.Digest, Disables: o.Disables,
		Event: o.Cause, Package: o.Policy.Package, Policy: o.Policy.ID, Rule: o.Rule, Time: o.Time.UnixMilli(), Title: o.Policy.Title,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (o *Overrun) UnmarshalJSON(text []byte) error {
	var b overrunBody
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	at, err := ParsePosition(b.CauseAt)
	if err != nil {
		return fmt.Errorf("cause_at: %w", err)
	}
	*o = Overrun{
		Policy: PolicyRef{ID: b.Policy, Package: b.Package, Title: b.Title, Digest: b.Digest}, Rule: b.Rule,
		Device: b.Device, Cause: b.Event, CauseAt: at, Time: time.UnixMilli(b.Time).UTC(),
		Budget: time.Duration(b.BudgetMS) * time.Millisecond, Disables: b.Disables,
	}
	return nil
}
