package zeek

import (
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// modbus is the log of Modbus requests and responses. Address and quantity are
// in it only with scripts that add them.
type modbus struct {
	line
	function, pdu, exception       string
	transaction, unit, ref, amount ocsf.Opt[int64]
}

func newModbus() *modbus {
	m := &modbus{}
	m.bind("modbus", field.Table{
		"tid":       field.Int(&m.transaction),
		"unit":      field.Int(&m.unit),
		"func":      field.Text(&m.function),
		"pdu_type":  field.Text(&m.pdu),
		"exception": field.Text(&m.exception),
		"ref":       field.Int(&m.ref),
		"words":     field.Int(&m.amount),
		"bits":      field.Int(&m.amount),
	})
	return m
}

func (m *modbus) clear() {
	m.line.clear()
	*m = modbus{line: m.line}
}

func (m *modbus) fill(r *report.Report) {
	r.Begin(ocsf.ClassNetworkActivity, ocsf.ActivityNetworkTraffic)
	m.connect(r, "tcp")
	r.App("modbus")
	if m.exception != "" {
		r.Result(ocsf.StatusFailure)
	}
	name, code, known := m.named()
	r.KeepInt("modbus_address", m.ref)
	r.KeepText("modbus_exception", m.exception)
	r.Modbus(name, code, known)
	r.KeepText("modbus_pdu_type", m.pdu)
	r.KeepInt("modbus_quantity", m.amount)
	r.KeepInt("modbus_transaction", m.transaction)
	r.KeepInt("modbus_unit", m.unit)
}

// named is the function by name and code; some scripts write the code alone,
// and Zeek marks the name in an exception, which is a field of its own.
func (m *modbus) named() (name string, code int64, known bool) {
	if n, err := strconv.ParseInt(m.function, 10, 64); err == nil {
		return report.ModbusName(n), n, true
	}
	name = strings.TrimSuffix(m.function, "_EXCEPTION")
	code, known = report.ModbusCode(name)
	return name, code, known
}
