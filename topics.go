package cordon

import "strings"

// Formats are the raw formats that ingest reads, each from a topic of its own.
func Formats() []string { return []string{"zeek", "eve", "ocsf"} }

// Topics names the topics of one deployment.
type Topics struct {
	Prefix string // goes before every name, such as "site7."; usually empty
}

// Raw is the topic that devices and sensors write format to.
func (t Topics) Raw(format string) string { return t.Prefix + "raw." + format }

// Events holds what devices did, normalised.
func (t Topics) Events() string { return t.Prefix + "events" }

// Rejected holds what ingest refused, with its bytes and the reason.
func (t Topics) Rejected() string { return t.Prefix + "rejected" }

// Findings holds what policies matched.
func (t Topics) Findings() string { return t.Prefix + "findings" }

// Actions holds every step of every action.
func (t Topics) Actions() string { return t.Prefix + "actions" }

// Devices holds the inventory: every description that ever held. The newest
// record of a key is the current one; none is removed, because events are
// resolved by the one of their time.
func (t Topics) Devices() string { return t.Prefix + "devices" }

// State holds snapshots of what services remember, so that they need not read
// everything again. It can be deleted at any time.
func (t Topics) State() string { return t.Prefix + "state" }

// Rulesets holds every set of policies that was ever put in force, whole. All
// stand in one partition: the newest is what detect is to run.
func (t Topics) Rulesets() string { return t.Prefix + "rulesets" }

// Changes holds from which event on which set of policies holds, for each
// partition of events. A replay reads it beside them.
func (t Topics) Changes() string { return t.Prefix + "changes" }

// All returns every topic of records, in the order of an event's way.
func (t Topics) All() []string {
	var all []string
	for _, f := range Formats() {
		all = append(all, t.Raw(f))
	}
	return append(all, t.Events(), t.Rejected(), t.Findings(), t.Actions(), t.Devices())
}

// Word returns the name of topic without the prefix.
func (t Topics) Word(topic string) string { return strings.TrimPrefix(topic, t.Prefix) }
