package eve

import (
	"strconv"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// modbus is a request, a response, or both.
type modbus struct {
	request, response pdu
}

type pdu struct {
	seen                             bool
	category, exception              string
	function, unit, transaction      ocsf.Opt[int64]
	address, quantity, written, code ocsf.Opt[int64]
	read                             string
}

func (m *modbus) table() field.Table {
	return field.Table{
		"request":  field.Objects(m.request.table(), func() { m.request.seen = true }),
		"response": field.Objects(m.response.table(), func() { m.response.seen = true }),
	}
}

func (p *pdu) table() field.Table {
	return field.Table{
		"function_raw":   field.Int(&p.function),
		"unit_id":        field.Int(&p.unit),
		"transaction_id": field.Int(&p.transaction),
		"category":       field.Text(&p.category),
		"exception":      field.Object(field.Table{"code": field.Text(&p.exception), "raw": field.Int(&p.code)}),
		"read": field.Object(field.Table{
			"address":  field.Int(&p.address),
			"quantity": field.Int(&p.quantity),
			"data":     field.Text(&p.read),
		}),
		"write": field.Object(field.Table{
			"address": field.Int(&p.address),
			"data":    field.Int(&p.written),
		}),
	}
}

func (e *record) fillModbus(r *report.Report) {
	p, kind := &e.modbus.request, "REQ"
	if !p.seen {
		p, kind = &e.modbus.response, "RESP"
	}
	e.activity(r, ocsf.ActivityNetworkTraffic, "modbus")
	r.KeepInt("modbus_address", p.address)
	r.KeepText("modbus_category", p.category)
	if p.written.Set {
		r.KeepText("modbus_data", strconv.FormatInt(p.written.Value, 10))
	}
	if why := e.modbus.response.refused(); why != "" {
		r.Result(ocsf.StatusFailure)
		r.KeepText("modbus_exception", why)
	}
	if p.function.Set {
		r.Modbus(report.ModbusName(p.function.Value), p.function.Value, true)
	}
	r.KeepText("modbus_pdu_type", kind)
	r.KeepInt("modbus_quantity", p.quantity)
	r.KeepInt("modbus_transaction", p.transaction)
	r.KeepInt("modbus_unit", p.unit)
}

// refused is the exception of a response, by name or number.
func (p *pdu) refused() string {
	if p.exception == "" && p.code.Set {
		return strconv.FormatInt(p.code.Value, 10)
	}
	return p.exception
}
