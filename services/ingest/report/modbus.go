package report

import (
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
)

// ModbusName is the name of a function code in Zeek's words, or unknown and
// its number. Codes: Modbus Application Protocol 1.1b3, section 5.1.
func ModbusName(code int64) string {
	for _, f := range modbusFunctions() {
		if f.code == code {
			return f.name
		}
	}
	return "unknown-" + strconv.FormatInt(code, 10)
}

// ModbusCode is the function code of that name.
func ModbusCode(name string) (int64, bool) {
	for _, f := range modbusFunctions() {
		if f.name == name {
			return f.code, true
		}
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(name, "unknown-"), 10, 64)
	return n, err == nil
}

// Modbus keeps the function and whether it reads or writes, which is what
// policies ask for whatever the sensor was.
func (r *Report) Modbus(name string, code int64, known bool) {
	r.KeepText("modbus_function", name)
	if !known {
		return
	}
	r.Keep(ocsf.Int("modbus_function_code", code))
	for _, f := range modbusFunctions() {
		if f.code == code {
			r.KeepText("modbus_access_type", f.access)
		}
	}
}

type modbusFunction struct {
	code         int64
	name, access string
}

// modbusFunctions returns its list by value: no one can write to it.
func modbusFunctions() [19]modbusFunction {
	return [...]modbusFunction{
		{1, "READ_COILS", "read"},
		{2, "READ_DISCRETE_INPUTS", "read"},
		{3, "READ_HOLDING_REGISTERS", "read"},
		{4, "READ_INPUT_REGISTERS", "read"},
		{5, "WRITE_SINGLE_COIL", "write"},
		{6, "WRITE_SINGLE_REGISTER", "write"},
		{7, "READ_EXCEPTION_STATUS", "read"},
		{8, "DIAGNOSTICS", ""},
		{11, "GET_COMM_EVENT_COUNTER", "read"},
		{12, "GET_COMM_EVENT_LOG", "read"},
		{15, "WRITE_MULTIPLE_COILS", "write"},
		{16, "WRITE_MULTIPLE_REGISTERS", "write"},
		{17, "REPORT_SLAVE_ID", "read"},
		{20, "READ_FILE_RECORD", "read"},
		{21, "WRITE_FILE_RECORD", "write"},
		{22, "MASK_WRITE_REGISTER", "write"},
		{23, "READ_WRITE_MULTIPLE_REGISTERS", "write"},
		{24, "READ_FIFO_QUEUE", "read"},
		{43, "ENCAP_INTERFACE_TRANSPORT", ""},
	}
}
