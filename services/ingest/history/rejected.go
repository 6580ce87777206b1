package history

import (
	"errors"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// rejected makes rows of the table rejected: of records of the topic rejected,
// and of records of any topic that history cannot read.
type rejected struct {
	blk *column.Block

	logged, recorded        column.Int64
	service, reason, mapper column.Words
	detail, key, bytes      column.String
	inputTopic              column.Words
	inputPartition          column.UInt16
	inputOffset             column.UInt64
	position                position
}

func newRejected() *rejected {
	j := &rejected{}
	j.blk = column.NewBlock(append([]column.Column{
		{Name: "logged", Type: millis, Data: &j.logged},
		{Name: "recorded", Type: millis, Data: &j.recorded},
		{Name: "service", Type: words, Data: &j.service},
		{Name: "reason", Type: words, Data: &j.reason},
		{Name: "detail", Type: text, Data: &j.detail},
		{Name: "mapper", Type: words, Data: &j.mapper},
		{Name: "input_topic", Type: words, Data: &j.inputTopic},
		{Name: "input_partition", Type: "UInt16", Data: &j.inputPartition},
		{Name: "input_offset", Type: "UInt64", Data: &j.inputOffset},
		{Name: "key", Type: text, Data: &j.key},
		{Name: "bytes", Type: text, Data: &j.bytes},
	}, j.position.columns()...)...)
	return j
}

func (j *rejected) block() *column.Block  { return j.blk }
func (j *rejected) begin([]cordon.Record) {}

func (j *rejected) add(r cordon.Record) error {
	x, err := cordon.RejectedOf(r)
	if err != nil {
		return &refusal{reasonBody, err}
	}
	input, err := cordon.ParsePosition(x.Input)
	if err != nil {
		return &refusal{reasonBody, err}
	}
	j.row(x, input, r)
	return nil
}

// refuse adds r, which another table did not take because of err.
func (j *rejected) refuse(r cordon.Record, err error) (reason string) {
	reason = reasonBody
	if why, ok := errors.AsType[*refusal](err); ok {
		reason = why.reason
	}
	j.row(cordon.NewRejected(r, "history", reason, err.Error(), ""), r.Position, r)
	return reason
}

func (j *rejected) row(x cordon.Rejected, input cordon.Position, r cordon.Record) {
	j.logged.Append(milli(r.Time))
	j.recorded.Append(milli(x.Recorded))
	j.service.Append(x.Service)
	j.reason.Append(x.Reason)
	j.detail.Append(x.Detail)
	j.mapper.Append(x.Mapper)
	j.inputTopic.Append(input.Topic)
	j.inputPartition.Append(uint16(input.Partition))
	j.inputOffset.Append(uint64(input.Offset))
	j.key.Append(x.Key)
	j.bytes.AppendBytes(x.Bytes)
	j.position.add(r.Position)
	j.blk.End()
}
