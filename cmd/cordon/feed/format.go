package feed

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/zeek"
)

// Item is one record to send.
type Item struct {
	Record cordon.Record
	At     time.Time // when it was recorded; zero: unknown
	Line   int
}

// format turns lines into records. What it cannot read it passes on as it is:
// to refuse a record, with its bytes kept, is for ingest.
type format interface {
	// item returns the record of l; false: l is none, such as a comment.
	item(l Line) (Item, bool)
}

// newFormat returns the format named name. sensor is the key of records that
// do not name theirs; base is the name of the file.
func newFormat(name, sensor, base string) (format, error) {
	j := jsonLines{sensor: sensor, base: base}
	switch name {
	case "zeek":
		return &zeekLines{jsonLines: j}, nil
	case "eve":
		return &eveLines{j}, nil
	case "ocsf":
		return &ocsfLines{j}, nil
	}
	return nil, fmt.Errorf("unknown format %q: want %s", name, strings.Join(cordon.Formats(), ", "))
}

// jsonLines is what the formats with one JSON object per line share.
type jsonLines struct {
	sensor, base string
	parser       fastjson.Parser
}

// parse returns the object of l, or nil when it is not one.
func (j *jsonLines) parse(l Line) *fastjson.Value {
	v, err := j.parser.ParseBytes(l.Text)
	if err != nil || v.Type() != fastjson.TypeObject {
		return nil
	}
	return v
}

func (j *jsonLines) plain(l Line, key string) Item {
	if key == "" {
		key = j.sensor
	}
	return Item{Record: cordon.Record{Key: key, Value: l.Text}, Line: l.Number}
}

func text(v *fastjson.Value, path ...string) string { return string(v.GetStringBytes(path...)) }

// eveLines is Suricata's EVE; host is the sensor's name.
type eveLines struct{ jsonLines }

func (e *eveLines) item(l Line) (Item, bool) {
	v := e.parse(l)
	it := e.plain(l, text(v, "host"))
	it.At, _ = time.Parse("2006-01-02T15:04:05.999999-0700", text(v, "timestamp"))
	return it, true
}

// ocsfLines is native OCSF, which devices report themselves.
type ocsfLines struct{ jsonLines }

func (o *ocsfLines) item(l Line) (Item, bool) {
	v := o.parse(l)
	it := o.plain(l, text(v, "device", "uid"))
	if ms := v.GetInt64("time"); ms > 0 {
		it.At = time.UnixMilli(ms)
	}
	return it, true
}

// zeekLines is Zeek's JSON with _sensor, _path and _write_ts where its
// json-streaming-logs policy wrote them, or its tab-separated text, whose
// column names travel with each record.
type zeekLines struct {
	jsonLines
	columns zeek.Lines
}

func (z *zeekLines) item(l Line) (Item, bool) {
	if bytes.HasPrefix(bytes.TrimSpace(l.Text), []byte("{")) {
		return z.object(l), true
	}
	headers, at, ok := z.columns.Next(l.Text)
	it := z.plain(l, "")
	it.Record.Headers, it.At = headers, at
	return it, ok
}

func (z *zeekLines) object(l Line) Item {
	v := z.parse(l)
	it := z.plain(l, text(v, "_sensor"))
	it.At = seconds(v.GetFloat64("_write_ts"))
	if it.At.IsZero() {
		it.At = seconds(v.GetFloat64("ts"))
	}
	if v != nil && !v.Exists("_path") {
		it.Record.Headers = []cordon.Header{{Key: zeek.HeaderPath, Value: z.base}}
	}
	return it
}

func seconds(s float64) time.Time {
	if s <= 0 || s > 1e11 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s * 1e6))
}
