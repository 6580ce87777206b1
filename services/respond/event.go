package respond

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cordon-iot/cordon"
)

// Types of the events that webhooks carry.
const (
	TypeApply   = "cordon.quarantine.apply"
	TypeRelease = "cordon.quarantine.release"
)

// The specification advises to keep bodies below 20 kB.
const (
	maxBody   = 20_000
	maxReason = 2_000
	maxTitle  = 300
)

// Event is the body of a webhook: a CloudEvents 1.0 event in structured JSON.
type Event struct {
	SpecVersion     string     `json:"specversion"`
	ID              string     `json:"id"` // operation, equal to the webhook-id
	Source          string     `json:"source"`
	Type            string     `json:"type"`
	Subject         string     `json:"subject"` // device
	Time            string     `json:"time"`    // of the decision, not of the attempt
	DataContentType string     `json:"datacontenttype"`
	ExpiryTime      string     `json:"expirytime,omitempty"` // of an apply: not to be carried out later; a release never expires
	Data            Quarantine `json:"data"`
}

// Quarantine says which device is to be contained or let go, and why.
type Quarantine struct {
	ActionUID cordon.ActionID `json:"action_uid"`
	OpUID     cordon.OpID     `json:"op_uid"`
	Device    Target          `json:"device"`
	Level     cordon.Level    `json:"level"`
	Until     string          `json:"until"` // end of the lease
	Finding   Grounds         `json:"finding"`
	Reason    string          `json:"reason"`
	// Sequence grows from one operation on a device to the next. A receiver
	// ignores what comes with a lower one than it has seen.
	Sequence int64 `json:"sequence"`
}

// Target is the one device that an operation is about.
type Target struct {
	UID  cordon.DeviceID `json:"uid"`
	Zone string          `json:"zone,omitempty"`
}

// Grounds is the finding that an action follows from.
type Grounds struct {
	UID      cordon.FindingID `json:"uid"`
	Policy   string           `json:"policy"`
	Title    string           `json:"title,omitempty"` // of the policy
	Severity string           `json:"severity"`        // OCSF's caption
}

// NewEvent returns the event of the operation of a, a step read back from the
// log. It depends on nothing else, so every attempt sends the same bytes.
func NewEvent(typ string, a cordon.Action) Event {
	e := Event{
		SpecVersion: "1.0", ID: string(a.Op), Source: "/respond", Type: typ,
		Subject: string(a.Device), Time: rfc3339(a.At), DataContentType: "application/json",
		Data: Quarantine{
			ActionUID: a.ID, OpUID: a.Op,
			Device: Target{UID: a.Device, Zone: a.Zone},
			Level:  a.Level, Until: rfc3339(a.Until),
			Finding:  Grounds{UID: a.Finding, Policy: a.Policy, Title: clip(a.Title, maxTitle), Severity: a.Severity.String()},
			Reason:   clip(a.Reason, maxReason),
			Sequence: a.Position.Offset,
		},
	}
	if typ == TypeApply {
		e.ExpiryTime = rfc3339(a.Until)
	}
	return e
}

// encode returns the body of e, or an error if no receiver should get it.
func (e Event) encode() ([]byte, error) {
	if err := checkTarget(e.Data.Device.UID); err != nil {
		return nil, err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("operation %s: %w", e.ID, err)
	}
	if len(body) >= maxBody {
		return nil, fmt.Errorf("operation %s: a body of %d bytes, the limit is %d", e.ID, len(body), maxBody)
	}
	return body, nil
}

// checkTarget refuses what a receiver could take for no device or for many.
func checkTarget(d cordon.DeviceID) error {
	odd := func(r rune) bool { return r == '*' || unicode.IsControl(r) }
	if strings.TrimSpace(string(d)) == "" || strings.ContainsFunc(string(d), odd) || !utf8.ValidString(string(d)) {
		return fmt.Errorf("device %q: not the name of one device", d)
	}
	return nil
}

// clip returns the start of s, at most n bytes, whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func rfc3339(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
