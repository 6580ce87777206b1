package field

import (
	"net/netip"
	"strconv"
	"unsafe"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Value is one field of a record in the form it came in: a JSON value, or a
// column of text.
type Value struct {
	json   *fastjson.Value // nil if it is a column
	column string
	rules  *Columns
}

// JSON is a field of a JSON object.
func JSON(v *fastjson.Value) Value { return Value{json: v} }

// Column is a column as it stands in the line, written by rules.
func Column(s string, rules *Columns) Value { return Value{column: s, rules: rules} }

// text is the value as text; numbers and truth values are taken as written.
func (v Value) text() (string, bool) {
	if v.json == nil {
		return v.rules.text(v.column), true
	}
	switch v.json.Type() {
	case fastjson.TypeString:
		return view(v.json), true
	case fastjson.TypeNumber, fastjson.TypeTrue, fastjson.TypeFalse:
		return string(v.json.MarshalTo(nil)), true
	default:
		return "", false
	}
}

// view is the text of a JSON string without a copy. It is good until the
// parser reads the next record, by which time the event has been encoded.
func view(v *fastjson.Value) string {
	b, err := v.StringBytes()
	if err != nil || len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b)) // #nosec G103 -- b is not written before the next record
}

func (v Value) integer() (int64, bool) {
	if v.json == nil {
		n, err := strconv.ParseInt(v.column, 10, 64)
		return n, err == nil
	}
	n, err := v.json.Int64()
	return n, err == nil
}

func (v Value) truth() (bool, bool) {
	if v.json == nil {
		return v.column == "T", v.column == "T" || v.column == "F"
	}
	b, err := v.json.Bool()
	return b, err == nil
}

func (v Value) span() (report.Micros, bool) {
	if v.json == nil {
		return report.ParseSeconds(v.column)
	}
	f, err := v.json.Float64()
	if err != nil {
		return 0, false
	}
	return report.SecondsOf(f)
}

// millisFrom is the least number that is taken for milliseconds instead of
// seconds since 1970: in seconds it lies in the year 5138. Zeek writes
// milliseconds with JSON::TS_MILLIS.
const millisFrom = 1e11

func (v Value) time() (report.Micros, bool) {
	if v.json == nil {
		return report.ParseSeconds(v.column)
	}
	if v.json.Type() == fastjson.TypeString {
		return report.ParseTime(view(v.json))
	}
	f, err := v.json.Float64()
	if err != nil {
		return 0, false
	}
	if f >= millisFrom {
		f /= 1000
	}
	return report.SecondsOf(f)
}

func (v Value) addr() (netip.Addr, bool) {
	s, ok := v.text()
	if !ok {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// mac takes what is no Ethernet address as unknown: other link layers have
// addresses of other lengths.
func (v Value) mac() (inventory.MAC, bool) {
	s, ok := v.text()
	m, _ := inventory.ParseMAC(s)
	return m, ok
}

// elements are the elements of a list. A single value is taken as a list of
// one, which is what some shippers make of it.
func (v Value) elements(yield func(Value) bool) {
	if v.json == nil {
		v.rules.elements(v.column, yield)
		return
	}
	if v.json.Type() != fastjson.TypeArray {
		yield(v)
		return
	}
	for _, e := range v.json.GetArray() {
		if e.Type() != fastjson.TypeNull && !yield(JSON(e)) {
			return
		}
	}
}
