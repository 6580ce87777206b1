package field

import (
	"net/netip"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/inventory"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// outcome is how a value fared.
type outcome uint8

const (
	wrong   outcome = iota // not what the field has to be
	fine                   // taken
	clipped                // taken in part, see maxText and maxList
)

func ok(b bool) outcome {
	if b {
		return fine
	}
	return wrong
}

// Field is a declared field, bound to where its value goes.
type Field struct {
	want   string        // what the value has to be, for people
	why    report.Reason // of a refusal, if it is not the format's own
	set    func(Value) outcome
	inside Table  // fields of the object, if it is one
	next   func() // called after each object of a list of them
	seen   uint64 // number of the object or line that had it last
}

// Table is the declared fields of a record or of an object by name.
type Table map[string]*Field

// Clock is a time or a span that may be missing.
type Clock struct {
	report.Micros
	Set bool
}

// Limits of what is kept. What exceeds them is cut off, counted and marked in
// the event; the rest of the record is as good as it was.
const (
	maxText = 8 << 10
	maxList = 32
)

// Text is a field with a text.
func Text(dst *string) *Field {
	return &Field{want: "a text", set: func(v Value) outcome {
		s, isText := v.text()
		*dst = clip(s)
		if isText && len(*dst) < len(s) {
			return clipped
		}
		return ok(isText)
	}}
}

// clip cuts s at maxText, between two characters.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Addr is a field with an IP address.
func Addr(dst *netip.Addr) *Field {
	f := bind(dst, "an IP address", Value.addr)
	f.why = report.Addr
	return f
}

// MAC is a field with a hardware address.
func MAC(dst *inventory.MAC) *Field { return bind(dst, "a hardware address", Value.mac) }

// Port is a field with a port, or a type or code of ICMP.
func Port(dst *ocsf.Opt[int]) *Field {
	f := bind(dst, "a port from 0 to 65535", func(v Value) (ocsf.Opt[int], bool) {
		n, isInt := v.integer()
		return ocsf.Some(int(n)), isInt && n >= 0 && n <= 65535
	})
	f.why = report.Addr
	return f
}

// Int is a field with a whole number.
func Int(dst *ocsf.Opt[int64]) *Field {
	return bind(dst, "a whole number", func(v Value) (ocsf.Opt[int64], bool) {
		n, isInt := v.integer()
		return ocsf.Some(n), isInt
	})
}

// Bool is a field with a truth value.
func Bool(dst *ocsf.Opt[bool]) *Field {
	return bind(dst, "true or false", func(v Value) (ocsf.Opt[bool], bool) {
		b, isBool := v.truth()
		return ocsf.Some(b), isBool
	})
}

// Time is a field with a time.
func Time(dst *Clock) *Field {
	f := bind(dst, "a time: seconds since 1970 or RFC 3339, up to the year 9999", func(v Value) (Clock, bool) {
		t, isTime := v.time()
		return Clock{t, true}, isTime && t.Plausible()
	})
	f.why = report.Time
	return f
}

// Span is a field with a number of seconds.
func Span(dst *Clock) *Field {
	return bind(dst, "a number of seconds", func(v Value) (Clock, bool) {
		t, isSpan := v.span()
		return Clock{t, true}, isSpan
	})
}

// Texts is a field with a list of texts.
func Texts(dst *[]string) *Field {
	return gather(dst, "a list of texts", func(v Value) (string, outcome) {
		s, isText := v.text()
		if isText && len(s) > maxText {
			return clip(s), clipped
		}
		return s, ok(isText)
	})
}

// Spans is a field with a list of numbers of seconds.
func Spans(dst *[]report.Micros) *Field {
	return gather(dst, "a list of seconds", func(v Value) (report.Micros, outcome) {
		us, isSpan := v.span()
		return us, ok(isSpan)
	})
}

// Object is a field with fields of its own.
func Object(inside Table) *Field {
	return &Field{want: "an object", inside: inside, set: func(v Value) outcome {
		return ok(v.json != nil && v.json.Type() == fastjson.TypeObject)
	}}
}

// Objects is a field with a list of objects. After each, next takes what is in
// the variables of the table and empties them.
func Objects(inside Table, next func()) *Field {
	return &Field{want: "a list of objects", inside: inside, next: next, set: func(v Value) outcome {
		return ok(v.json != nil && (v.json.Type() == fastjson.TypeArray || v.json.Type() == fastjson.TypeObject))
	}}
}

// Pairs is an object whose members nobody knows in advance; it is kept as a
// list of name=value.
func Pairs(dst *[]string) *Field {
	return &Field{want: "an object of texts", set: func(v Value) outcome {
		*dst = (*dst)[:0]
		o := v.json.GetObject()
		if o == nil {
			return wrong
		}
		whole := fine
		o.Visit(func(name []byte, v *fastjson.Value) {
			for e := range JSON(v).elements {
				s, isText := e.text()
				if !isText || len(*dst) == maxList || len(s)+len(name) > maxText {
					whole = clipped
					continue
				}
				*dst = append(*dst, string(name)+"="+s)
			}
		})
		return whole
	}}
}

func bind[T any](dst *T, want string, parse func(Value) (T, bool)) *Field {
	return &Field{want: want, set: func(v Value) outcome {
		t, good := parse(v)
		*dst = t
		return ok(good)
	}}
}

// gather reads a list into dst, whose memory it uses again.
func gather[T any](dst *[]T, want string, parse func(Value) (T, outcome)) *Field {
	return &Field{want: want, set: func(v Value) outcome {
		*dst = (*dst)[:0]
		whole := fine
		for e := range v.elements {
			t, o := parse(e)
			if o == wrong {
				return wrong
			}
			if len(*dst) == maxList {
				return clipped
			}
			whole = max(whole, o)
			*dst = append(*dst, t)
		}
		return whole
	}}
}
