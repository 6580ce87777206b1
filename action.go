package cordon

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// ActionState is how far an action has come. Each state is one record.
type ActionState string

// States of an action, in the order in which they can follow.
const (
	ApplyIntended   ActionState = "apply_intended"   // decided; nothing touched yet
	Applied         ActionState = "applied"          // the enforcer acknowledged the quarantine
	ApplyFailed     ActionState = "apply_failed"     // refused for good, or the lease ended before it could be applied
	ReleaseIntended ActionState = "release_intended" // the lease ended or somebody released it
	Released        ActionState = "released"         // the enforcer acknowledged the release
)

// Level is how much of the network a contained device loses.
type Level string

// Levels, from weak to strong.
const (
	Segment Level = "segment" // quarantine VLAN or role
	Isolate Level = "isolate" // nothing but management traffic
)

// Action is one step in the life of what is done to one device because of a
// finding. On the log it is an OCSF Network Remediation Activity (7004).
type Action struct {
	ID       ActionID
	State    ActionState
	Op       OpID // operation of the enforcer that the step belongs to
	Device   DeviceID
	Zone     string
	Finding  FindingID
	Policy   string   // id of the policy
	Title    string   // of the policy
	Severity Severity // of the finding
	Level    Level
	Enforcer string    // such as "webhook"
	Attempt  int       // deliveries tried so far for Op
	At       time.Time // when the step was taken
	Since    time.Time // when the action began
	Until    time.Time // end of the lease
	By       string    // principal: "policy:CRD-0007", "lease", "operator:ada"
	Reason   string    // for people

	// Position is where the step was read from the log; zero before.
	Position Position
}

// NewActionID is the identity of the action at level that follows from f.
func NewActionID(f FindingID, level Level) ActionID {
	return ActionID(DeriveID("action", string(f), string(level)))
}

// Verb is what an operation asks of an enforcer.
type Verb string

// Verbs of operations.
const (
	Apply   Verb = "apply"
	Release Verb = "release"
)

// NewOpID is the identity of one operation; every delivery of it carries the
// same. generation counts repeated operations of one verb, from 0.
func NewOpID(a ActionID, enforcer string, v Verb, generation int) OpID {
	return OpID(DeriveID("op", string(a), enforcer, string(v), strconv.Itoa(generation)))
}

type actionBody struct {
	ActivityID  int    `json:"activity_id"` // 1 Isolate, 3 Restore
	CategoryUID int    `json:"category_uid"`
	ClassName   string `json:"class_name"`
	ClassUID    int    `json:"class_uid"`
	CommandUID  string `json:"command_uid"` // operation
	Connection  struct {
		Direction int `json:"direction_id"` // 0: of no single connection; OCSF wants it
	} `json:"connection_info"`
	Device     deviceBody   `json:"device"`
	EndTime    int64        `json:"end_time"` // end of the lease
	Message    string       `json:"message"`
	Metadata   metadataBody `json:"metadata"`
	SeverityID Severity     `json:"severity_id"`
	StartTime  int64        `json:"start_time"`
	StatusID   int          `json:"status_id"` // 1 success, 2 failure, 99 other
	Time       int64        `json:"time"`
	TypeUID    int          `json:"type_uid"`
	Unmapped   actionExtra  `json:"unmapped"`
}

type actionExtra struct {
	ActionUID  ActionID    `json:"action_uid"`
	Attempt    int         `json:"attempt"`
	By         string      `json:"by"`
	Enforcer   string      `json:"enforcer"`
	FindingUID FindingID   `json:"finding_uid"`
	Level      Level       `json:"level"`
	PolicyUID  string      `json:"policy_uid"`
	Title      string      `json:"policy_title"`
	State      ActionState `json:"state"`
}

// RecordID is the identity of this one step.
func (a Action) RecordID() string {
	return DeriveID("step", string(a.ID), string(a.State), string(a.Op))
}

// Record encodes a for the actions topic.
func (a Action) Record() (Record, error) {
	body, err := json.Marshal(a.body())
	if err != nil {
		return Record{}, fmt.Errorf("action %s: %w", a.ID, err)
	}
	return Record{
		Key: string(a.Device),
		Headers: envelope(a.RecordID(), "cordon.action."+string(a.State), "/respond", a.At,
			Header{HeaderCausation, string(a.Finding)}, Header{HeaderCorrelation, string(a.ID)}),
		Value: body,
	}, nil
}

func (a Action) body() actionBody {
	activity, status := 1, 99
	switch a.State {
	case ReleaseIntended, Released:
		activity = 3
	}
	switch a.State {
	case Applied, Released:
		status = 1
	case ApplyFailed:
		status = 2
	}
	return actionBody{
		ActivityID: activity, CategoryUID: 7, ClassName: "Network Remediation Activity",
		ClassUID: 7004, TypeUID: 700400 + activity, CommandUID: string(a.Op),
		Device:  deviceBody{TypeID: deviceTypeIOT, UID: string(a.Device), Zone: a.Zone},
		EndTime: a.Until.UnixMilli(), StartTime: a.Since.UnixMilli(), Time: a.At.UnixMilli(),
		Message:    a.Reason,
		Metadata:   metadataBody{Product: productCordon(), UID: a.RecordID(), Version: ocsfVersion},
		SeverityID: a.Severity, StatusID: status,
		Unmapped: actionExtra{
			ActionUID: a.ID, Attempt: a.Attempt, By: a.By, Enforcer: a.Enforcer,
			FindingUID: a.Finding, Level: a.Level, PolicyUID: a.Policy, State: a.State, Title: a.Title,
		},
	}
}

// ActionOf decodes a record of the actions topic.
func ActionOf(r Record) (Action, error) {
	var b actionBody
	if err := json.Unmarshal(r.Value, &b); err != nil {
		return Action{}, fmt.Errorf("action at %s: %w", r.Position, err)
	}
	x := b.Unmapped
	if x.ActionUID == "" || x.State == "" || b.Device.UID == "" {
		return Action{}, fmt.Errorf("action at %s: unmapped.action_uid, unmapped.state or device.uid is missing", r.Position)
	}
	return Action{
		ID: x.ActionUID, State: x.State, Op: OpID(b.CommandUID),
		Device: DeviceID(b.Device.UID), Zone: b.Device.Zone,
		Finding: x.FindingUID, Policy: x.PolicyUID, Title: x.Title, Severity: b.SeverityID,
		Level: x.Level, Enforcer: x.Enforcer,
		Attempt: x.Attempt, By: x.By, Reason: b.Message,
		At: milli(b.Time), Since: milli(b.StartTime), Until: milli(b.EndTime),
		Position: r.Position,
	}, nil
}

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
