package history

import (
	"fmt"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// events makes rows of the table events.
type events struct {
	blk  *column.Block
	body *body

	offsets []int64  // of the batch
	days    []uint16 // of the same records
	next    int      // index of the first record that add has not seen

	time, recorded column.Int64
	day            column.UInt16
	tier           column.Int16
	device         column.Words
	class, source  column.Words
	attrs          column.Map
	position       position
}

func newEvents() rows {
	e := &events{}
	cols := []column.Column{
		{Name: "time", Type: millis, Data: &e.time},
		{Name: "recorded", Type: millis, Data: &e.recorded},
		{Name: "day", Type: "Date", Data: &e.day},
		{Name: "tier", Type: "Enum16('d30' = 30, 'd90' = 90, 'd365' = 365)", Data: &e.tier},
		{Name: "device_id", Type: words, Data: &e.device},
		{Name: "class", Type: words, Data: &e.class},
		{Name: "source", Type: words, Data: &e.source},
	}
	root := &node{}
	for _, a := range attributes() {
		cols = append(cols, a.column(root))
	}
	e.know(root)
	cols = append(cols, column.Column{Name: "attrs", Type: "Map(LowCardinality(String), String)", Data: &e.attrs})
	e.blk = column.NewBlock(append(cols, e.position.columns()...)...)
	e.body = newBody(root, &e.attrs)
	return e
}

func (e *events) block() *column.Block { return e.blk }

func (e *events) begin(batch []cordon.Record) {
	e.days, e.next = days(batch, e.days), 0
	e.offsets = e.offsets[:0]
	for i := range batch {
		e.offsets = append(e.offsets, batch[i].Position.Offset)
	}
}

func (e *events) add(r cordon.Record) error {
	for e.offsets[e.next] != r.Position.Offset {
		e.next++ // left out
	}
	day := e.days[e.next]
	e.next++
	ev, err := cordon.EventOf(r)
	if err != nil {
		return &refusal{reasonEnvelope, err}
	}
	if err := e.body.read(ev.Body); err != nil {
		return &refusal{reasonBody, fmt.Errorf("event at %s: %w", r.Position, err)}
	}
	e.time.Append(milli(ev.Time))
	e.recorded.Append(milli(ev.Recorded))
	e.day.Append(day)
	e.tier.Append(tier(ev.Class))
	e.device.Append(string(ev.Device))
	e.class.Append(ev.Class)
	e.source.Append(ev.Source)
	e.position.add(r.Position)
	e.body.walk(e.blk.Rows())
	e.blk.End()
	return nil
}

// know tells the attributes that the row has from the record's key and headers
// already, or that follow from its class. The identity of a row is its place in
// the log, where ce_id is.
func (e *events) know(root *node) {
	root.at("time").same = sameInt(&e.time)
	root.at("query_time").same = sameInt(&e.time)
	root.at("start_time").same = sameInt(&e.time)
	root.at("device.uid").same = sameWord(&e.device)
	root.at("class_name").same = sameWord(&e.class)
	for _, path := range []string{"category_uid", "class_uid", "type_uid", "metadata.uid", "metadata.version"} {
		root.at(path).same = always
	}
}
