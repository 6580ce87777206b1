package history

import (
	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// actions makes rows of the table actions.
type actions struct {
	blk *column.Block

	time, logged, since, until  column.Int64
	id, op, finding, reason     column.String
	state, device, zone, policy column.Words
	level, enforcer, principal  column.Words
	attempt                     column.UInt32
	position                    position
}

func newActions() rows {
	a := &actions{}
	a.blk = column.NewBlock(append([]column.Column{
		{Name: "time", Type: millis, Data: &a.time},
		{Name: "logged", Type: millis, Data: &a.logged},
		{Name: "action_id", Type: text, Data: &a.id},
		{Name: "state", Type: words, Data: &a.state},
		{Name: "op_id", Type: text, Data: &a.op},
		{Name: "device_id", Type: words, Data: &a.device},
		{Name: "zone", Type: words, Data: &a.zone},
		{Name: "finding_id", Type: text, Data: &a.finding},
		{Name: "policy_id", Type: words, Data: &a.policy},
		{Name: "level", Type: words, Data: &a.level},
		{Name: "enforcer", Type: words, Data: &a.enforcer},
		{Name: "attempt", Type: "UInt32", Data: &a.attempt},
		{Name: "since", Type: millis, Data: &a.since},
		{Name: "until", Type: millis, Data: &a.until},
		{Name: "principal", Type: words, Data: &a.principal},
		{Name: "reason", Type: text, Data: &a.reason},
	}, a.position.columns()...)...)
	return a
}

func (a *actions) block() *column.Block  { return a.blk }
func (a *actions) begin([]cordon.Record) {}

func (a *actions) add(r cordon.Record) error {
	x, err := cordon.ActionOf(r)
	if err != nil {
		return &refusal{reasonBody, err}
	}
	a.time.Append(milli(x.At))
	a.logged.Append(milli(r.Time))
	a.id.Append(string(x.ID))
	a.state.Append(string(x.State))
	a.op.Append(string(x.Op))
	a.device.Append(string(x.Device))
	a.zone.Append(x.Zone)
	a.finding.Append(string(x.Finding))
	a.policy.Append(x.Policy)
	a.level.Append(string(x.Level))
	a.enforcer.Append(x.Enforcer)
	a.attempt.Append(uint32(x.Attempt))
	a.since.Append(milli(x.Since))
	a.until.Append(milli(x.Until))
	a.principal.Append(x.By)
	a.reason.Append(x.Reason)
	a.position.add(r.Position)
	a.blk.End()
	return nil
}
