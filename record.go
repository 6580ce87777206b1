package cordon

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Position is a place in the log. Its text form is "topic/partition/offset".
type Position struct {
	Topic     string
	Partition int
	Offset    int64
}

// String returns p as "topic/partition/offset".
func (p Position) String() string {
	return string(p.appendTo(make([]byte, 0, len(p.Topic)+16)))
}

func (p Position) appendTo(b []byte) []byte {
	b = append(b, p.Topic...)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(p.Partition), 10)
	b = append(b, '/')
	return strconv.AppendInt(b, p.Offset, 10)
}

// ParsePosition reads the text form of a Position.
func ParsePosition(s string) (Position, error) {
	rest, off, ok := cutLast(s)
	topic, part, ok2 := cutLast(rest)
	partition, err := strconv.Atoi(part)
	offset, err2 := strconv.ParseInt(off, 10, 64)
	if !ok || !ok2 || err != nil || err2 != nil || topic == "" || partition < 0 || offset < 0 {
		return Position{}, fmt.Errorf("position %q: want topic/partition/offset", s)
	}
	return Position{topic, partition, offset}, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// Header is one Kafka header. A key may occur more than once.
type Header struct{ Key, Value string }

// Record is one entry of the log.
type Record struct {
	Position Position  // where it was read; zero before it is appended
	Time     time.Time // when the log took it; zero before it is appended
	Key      string
	Headers  []Header
	Value    []byte
}

// Header returns the value of the first header named key, or "".
func (r Record) Header(key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return h.Value
		}
	}
	return ""
}

// Input returns the position of the record that r was derived from, and
// whether r says so.
func (r Record) Input() (Position, bool) {
	p, err := ParsePosition(r.Header(HeaderInput))
	return p, err == nil
}

// Names of headers. Those that start with ce_ are CloudEvents 1.0 attributes
// and published extensions in binary mode of its Kafka binding.
const (
	HeaderInput       = "cordon-input" // position of the record this one was derived from
	HeaderID          = "ce_id"
	HeaderType        = "ce_type"
	HeaderSource      = "ce_source"
	HeaderTime        = "ce_time"
	HeaderRecorded    = "ce_recordedtime"
	HeaderSpecVersion = "ce_specversion"
	HeaderCausation   = "ce_causationid"
	HeaderCorrelation = "ce_correlationid"
	HeaderContentType = "content-type"

	// The W3C trace context, as OpenTelemetry names it for Kafka. It is no part
	// of a record's identity.
	HeaderTraceParent = "traceparent"
	HeaderTraceState  = "tracestate"
)

// envelope returns the CloudEvents headers that every record of cordon has.
func envelope(id, typ, source string, at time.Time, more ...Header) []Header {
	hs := make([]Header, 0, 6+len(more))
	hs = append(hs,
		Header{HeaderSpecVersion, "1.0"},
		Header{HeaderID, id},
		Header{HeaderType, typ},
		Header{HeaderSource, source},
		Header{HeaderTime, formatTime(at)},
		Header{HeaderContentType, "application/json"},
	)
	return append(hs, more...)
}

// formatTime gives milliseconds in UTC, the resolution of OCSF, in the form of
// RFC 3339. Every event has two, so that it does not go through the layouts of
// Time.Format.
func formatTime(t time.Time) string {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 0 || year > 9999 {
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	var b [24]byte
	digits(b[0:4], year)
	digits(b[5:7], int(month))
	digits(b[8:10], day)
	digits(b[11:13], hour)
	digits(b[14:16], minute)
	digits(b[17:19], second)
	digits(b[20:23], t.Nanosecond()/1e6)
	b[4], b[7], b[10], b[13], b[16], b[19], b[23] = '-', '-', 'T', ':', ':', '.', 'Z'
	return string(b[:])
}

// digits fills b with n in decimal.
func digits(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

func parseTime(name, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("header %s %q: want an RFC 3339 time", name, s)
	}
	return t.UTC(), nil
}
