package report

import (
	"fmt"

	"github.com/cordon-iot/cordon/ocsf"
)

// Reason says in one word for machines why a record was refused. Dashboards
// count by it, so a reason is never renamed.
type Reason string

// Reasons. An event in OCSF is refused for a reason of package ocsf.
const (
	Size          = Reason(ocsf.CodeSize)         // larger than MaxRaw, or its event larger than an event may be
	JSONSyntax    = Reason(ocsf.CodeSyntax)       // not JSON, or not an object
	JSONUTF8      = Reason(ocsf.CodeUTF8)         // JSON that is not UTF-8
	JSONDuplicate = Reason(ocsf.CodeDuplicateKey) // a declared field twice: which one counts is anybody's guess

	Time       Reason = "time"           // when it happened is missing or no time
	Addr       Reason = "addr"           // an address or port is none
	ZeekPath   Reason = "zeek.path"      // a log that is not mapped, or none is named
	ZeekHeader Reason = "zeek.header"    // a line of a Zeek log without the names of its columns
	ZeekFields Reason = "zeek.fields"    // columns and header disagree, or a field has the wrong type
	EVEType    Reason = "eve.event_type" // an event type that is not mapped
	EVEFields  Reason = "eve.fields"     // a field has the wrong type
)

// Refusal is a record that cannot become an event.
type Refusal struct {
	Reason Reason
	Detail string // for people: which field or byte, and what would be right
}

// Error is the detail alone; the reason is kept beside it.
func (r *Refusal) Error() string { return r.Detail }

// Refuse returns a Refusal.
func Refuse(why Reason, format string, args ...any) error {
	return &Refusal{why, fmt.Sprintf(format, args...)}
}

// Drop is a record that says nothing about a device, such as a header line of
// a log. It is counted and left out. The text names the kind of record.
type Drop string

// Drops.
const (
	ZeekComment Drop = "zeek.comment" // header and closing lines of a Zeek log
	EVEStats    Drop = "eve.stats"    // Suricata's counters about itself
	Blank       Drop = "blank"        // nothing at all
)

func (d Drop) Error() string { return "says nothing about a device: " + string(d) }

// MaxRaw bounds a raw record in bytes. It is above the bound of an event
// because sensors send much that is not kept, such as payloads.
const MaxRaw = 256 << 10
