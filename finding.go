package cordon

import (
	"encoding/json"
	"fmt"
	"time"
)

// Severity is OCSF's severity_id.
type Severity int

// Severities of OCSF.
const (
	Informational Severity = iota + 1
	Low
	Medium
	High
	Critical
	Fatal
)

var severityNames = [...]string{"Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal"}

// String is OCSF's caption of s.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return "Other"
	}
	return severityNames[s]
}

// Response is what a policy asks for.
type Response string

// Responses.
const (
	Alert      Response = "alert"      // record the finding, touch nothing
	Quarantine Response = "quarantine" // contain the device for a lease
)

// PolicyRef names the policy that a finding came from.
type PolicyRef struct {
	ID      string // never reused, such as "CRD-0007"
	Package string // Rego package, such as "policies.network.port_scan"
	Title   string
	Digest  string // SHA-256 of all that the policy was compiled from, hex
}

// Finding says that one policy matched one event of one device. On the log it
// is an OCSF Detection Finding (2004).
type Finding struct {
	ID       FindingID
	Policy   PolicyRef
	Device   DeviceID
	Zone     string   // of the device, as of the event
	Cause    EventID  // the event that made the policy match
	CauseAt  Position // where that event stands in the log
	Time     time.Time
	Severity Severity
	Response Response
	Lease    time.Duration // how long a quarantine is to last; 0 = default
	Summary  string        // one line for people
	Attack   []string      // ATT&CK technique ids
	Evidence map[string]any
}

// NewFindingID is the identity of the finding that a policy of digest makes of
// device because of cause. key tells apart several findings of one policy on
// one event; it is empty for the first.
func NewFindingID(digest string, device DeviceID, cause EventID, key string) FindingID {
	return FindingID(DeriveID("finding", digest, string(device), string(cause), key))
}

// The form on the wire: the attributes of OCSF 2004 that cordon sets, sorted
// by name. What OCSF has no attribute for is in unmapped.
type findingBody struct {
	ActivityID  int             `json:"activity_id"`
	CategoryUID int             `json:"category_uid"`
	ClassName   string          `json:"class_name"`
	ClassUID    int             `json:"class_uid"`
	Device      deviceBody      `json:"device"`
	Evidences   []evidenceBody  `json:"evidences,omitempty"`
	FindingInfo findingInfoBody `json:"finding_info"`
	Message     string          `json:"message"`
	Metadata    metadataBody    `json:"metadata"`
	Severity    string          `json:"severity"`
	SeverityID  Severity        `json:"severity_id"`
	StatusID    int             `json:"status_id"`
	Time        int64           `json:"time"`
	TypeUID     int             `json:"type_uid"`
	Unmapped    findingExtra    `json:"unmapped"`
}

type deviceBody struct {
	TypeID int    `json:"type_id"`
	UID    string `json:"uid"`
	Zone   string `json:"zone,omitempty"`
}

type evidenceBody struct {
	Data map[string]any `json:"data"`
}

type findingInfoBody struct {
	Analytic      analyticBody  `json:"analytic"`
	Attacks       []attackBody  `json:"attacks,omitempty"`
	RelatedEvents []relatedBody `json:"related_events,omitempty"`
	Title         string        `json:"title"`
	UID           string        `json:"uid"`
}

type analyticBody struct {
	Name    string `json:"name"` // Rego package
	TypeID  int    `json:"type_id"`
	UID     string `json:"uid"`
	Version string `json:"version"` // digest
}

type attackBody struct {
	Technique techniqueBody `json:"technique"`
}

type techniqueBody struct {
	UID string `json:"uid"`
}

type relatedBody struct {
	UID string `json:"uid"`
}

type metadataBody struct {
	Product productBody `json:"product"`
	UID     string      `json:"uid"`
	Version string      `json:"version"`
}

type productBody struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
}

type findingExtra struct {
	CauseAt  string   `json:"cause_at"`
	LeaseS   int64    `json:"lease_s,omitempty"`
	Response Response `json:"response"`
}

const (
	ocsfVersion   = "1.8.0"
	deviceTypeIOT = 7 // OCSF device.type_id
)

func productCordon() productBody { return productBody{Name: "cordon", VendorName: "cordon"} }

// Record encodes f for the findings topic.
func (f Finding) Record() (Record, error) {
	body, err := json.Marshal(f.body())
	if err != nil {
		return Record{}, fmt.Errorf("finding %s: %w", f.ID, err)
	}
	return Record{
		Key: string(f.Device),
		Headers: envelope(string(f.ID), "cordon.finding", "/policies/"+f.Policy.ID, f.Time,
			Header{HeaderCausation, string(f.Cause)}, Header{HeaderCorrelation, string(f.Cause)}),
		Value: body,
	}, nil
}

func (f Finding) body() findingBody {
	b := findingBody{
		ActivityID: 1, CategoryUID: 2, ClassName: "Detection Finding", ClassUID: 2004, TypeUID: 200401,
		Device:  deviceBody{TypeID: deviceTypeIOT, UID: string(f.Device), Zone: f.Zone},
		Message: f.Summary,
		FindingInfo: findingInfoBody{
			Analytic:      analyticBody{Name: f.Policy.Package, TypeID: 1, UID: f.Policy.ID, Version: f.Policy.Digest},
			RelatedEvents: []relatedBody{{UID: string(f.Cause)}},
			Title:         f.Policy.Title,
			UID:           string(f.ID),
		},
		Metadata: metadataBody{Product: productCordon(), UID: string(f.ID), Version: ocsfVersion},
		Severity: f.Severity.String(), SeverityID: f.Severity, StatusID: 1,
		Time:     f.Time.UnixMilli(),
		Unmapped: findingExtra{CauseAt: f.CauseAt.String(), LeaseS: int64(f.Lease / time.Second), Response: f.Response},
	}
	for _, t := range f.Attack {
		b.FindingInfo.Attacks = append(b.FindingInfo.Attacks, attackBody{techniqueBody{t}})
	}
	if len(f.Evidence) > 0 {
		b.Evidences = []evidenceBody{{f.Evidence}}
	}
	return b
}

// FindingOf decodes a record of the findings topic.
func FindingOf(r Record) (Finding, error) {
	var b findingBody
	if err := json.Unmarshal(r.Value, &b); err != nil {
		return Finding{}, fmt.Errorf("finding at %s: %w", r.Position, err)
	}
	f := Finding{
		ID: FindingID(b.FindingInfo.UID),
		Policy: PolicyRef{
			ID: b.FindingInfo.Analytic.UID, Package: b.FindingInfo.Analytic.Name,
			Title: b.FindingInfo.Title, Digest: b.FindingInfo.Analytic.Version,
		},
		Device: DeviceID(b.Device.UID), Zone: b.Device.Zone,
		Cause: EventID(r.Header(HeaderCausation)), Time: time.UnixMilli(b.Time).UTC(),
		Severity: b.SeverityID, Response: b.Unmapped.Response,
		Lease: time.Duration(b.Unmapped.LeaseS) * time.Second, Summary: b.Message,
	}
	for _, a := range b.FindingInfo.Attacks {
		f.Attack = append(f.Attack, a.Technique.UID)
	}
	if len(b.Evidences) > 0 {
		f.Evidence = b.Evidences[0].Data
	}
	var err error
	if f.CauseAt, err = ParsePosition(b.Unmapped.CauseAt); err != nil {
		return Finding{}, fmt.Errorf("finding at %s: unmapped.cause_at: %w", r.Position, err)
	}
	if f.ID == "" || f.Device == "" {
		return Finding{}, fmt.Errorf("finding at %s: finding_info.uid or device.uid is missing", r.Position)
	}
	return f, nil
}
