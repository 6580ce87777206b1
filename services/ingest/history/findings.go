package history

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// findings makes rows of the table findings.
type findings struct {
	blk *column.Block

	time, logged                 column.Int64
	id, summary, evidence, cause column.String
	policy, pkg, digest, title   column.Words
	device, zone, response       column.Words
	severity                     column.Int8
	lease                        column.UInt32
	attack                       column.Strings
	causeTopic                   column.Words
	causePartition               column.UInt16
	causeOffset                  column.UInt64
	position                     position
}

func newFindings() rows {
	f := &findings{}
	f.blk = column.NewBlock(append([]column.Column{
		{Name: "time", Type: millis, Data: &f.time},
		{Name: "logged", Type: millis, Data: &f.logged},
		{Name: "finding_id", Type: text, Data: &f.id},
		{Name: "policy_id", Type: words, Data: &f.policy},
		{Name: "policy_package", Type: words, Data: &f.pkg},
		{Name: "policy_digest", Type: words, Data: &f.digest},
		{Name: "title", Type: words, Data: &f.title},
		{Name: "device_id", Type: words, Data: &f.device},
		{Name: "zone", Type: words, Data: &f.zone},
		{Name: "severity", Type: severity, Data: &f.severity},
		{Name: "response", Type: words, Data: &f.response},
		{Name: "lease_s", Type: "UInt32", Data: &f.lease},
		{Name: "summary", Type: text, Data: &f.summary},
		{Name: "attack", Type: "Array(String)", Data: &f.attack},
		{Name: "evidence", Type: text, Data: &f.evidence},
		{Name: "cause_id", Type: text, Data: &f.cause},
		{Name: "cause_topic", Type: words, Data: &f.causeTopic},
		{Name: "cause_partition", Type: "UInt16", Data: &f.causePartition},
		{Name: "cause_offset", Type: "UInt64", Data: &f.causeOffset},
	}, f.position.columns()...)...)
	return f
}

func (f *findings) block() *column.Block  { return f.blk }
func (f *findings) begin([]cordon.Record) {}

func (f *findings) add(r cordon.Record) error {
	x, err := cordon.FindingOf(r)
	if err != nil {
		return &refusal{reasonBody, err}
	}
	evidence, err := json.Marshal(x.Evidence)
	if err != nil {
		return &refusal{reasonBody, fmt.Errorf("finding at %s: %w", r.Position, err)}
	}
	f.time.Append(milli(x.Time))
	f.logged.Append(milli(r.Time))
	f.id.Append(string(x.ID))
	f.policy.Append(x.Policy.ID)
	f.pkg.Append(x.Policy.Package)
	f.digest.Append(x.Policy.Digest)
	f.title.Append(x.Policy.Title)
	f.device.Append(string(x.Device))
	f.zone.Append(x.Zone)
	f.severity.Append(severityOf(int(x.Severity)))
	f.response.Append(string(x.Response))
	f.lease.Append(uint32(x.Lease / time.Second))
	f.summary.Append(x.Summary)
	f.attack.Append(x.Attack)
	f.evidence.AppendBytes(evidence)
	f.cause.Append(string(x.Cause))
	f.causeTopic.Append(x.CauseAt.Topic)
	f.causePartition.Append(uint16(x.CauseAt.Partition))
	f.causeOffset.Append(uint64(x.CauseAt.Offset))
	f.position.add(r.Position)
	f.blk.End()
	return nil
}
