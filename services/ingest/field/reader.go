package field

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Counter counts.
type Counter interface{ Inc() }

// Names opens the counters of a format, one for each name of a field. How many
// names there may be is its business: a sensor chooses them.
type Names struct {
	Undeclared func(name string) Counter // fields that are not kept
	Clipped    func(name string) Counter // fields of which a part was not kept
}

// Reader reads records into tables. It belongs to one goroutine.
type Reader struct {
	wrong   report.Reason // of a field that has another type
	names   Names
	parser  fastjson.Parser
	counted map[string]Counter // undeclared fields seen so far
	mark    uint64             // number of the object or line being read
	cut     bool               // part of the current record was not kept
}

// NewReader returns a reader that refuses fields of the wrong type for that
// reason.
func NewReader(wrong report.Reason, names Names) *Reader {
	return &Reader{wrong: wrong, names: names, counted: map[string]Counter{}}
}

// Begin starts a record.
func (r *Reader) Begin() {
	r.mark++
	r.cut = false
}

// Clipped reports whether part of the current record was not kept.
func (r *Reader) Clipped() bool { return r.cut }

// Parse reads a JSON object. It is good until the next call.
func (r *Reader) Parse(raw []byte) (*fastjson.Object, error) {
	if !utf8.Valid(raw) {
		return nil, report.Refuse(report.JSONUTF8, "byte %d: not UTF-8", invalidAt(raw))
	}
	v, err := r.parser.ParseBytes(raw)
	if err != nil {
		return nil, syntax(raw, err)
	}
	o, err := v.Object()
	if err != nil {
		return nil, report.Refuse(report.JSONSyntax, "a JSON %s; want an object", v.Type())
	}
	return o, nil
}

func invalidAt(raw []byte) int {
	for n := 0; n < len(raw); {
		r, size := utf8.DecodeRune(raw[n:])
		if r == utf8.RuneError && size == 1 {
			return n
		}
		n += size
	}
	return len(raw)
}

// syntax says where raw stops being JSON. The fast parser does not tell.
func syntax(raw []byte, err error) error {
	var at *json.SyntaxError
	var any json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw))
	if e := d.Decode(&any); errors.As(e, &at) {
		return report.Refuse(report.JSONSyntax, "byte %d: %v", at.Offset, at)
	}
	if d.InputOffset() == 0 {
		return report.Refuse(report.JSONSyntax, "byte %d: ends before the value does", len(raw))
	}
	return report.Refuse(report.JSONSyntax, "byte %d: %v", d.InputOffset(), err)
}

// Object reads the members of o that t declares.
func (r *Reader) Object(o *fastjson.Object, t Table) error {
	r.mark++
	mark := r.mark
	var err error
	o.Visit(func(key []byte, v *fastjson.Value) {
		if err != nil || v.Type() == fastjson.TypeNull {
			return
		}
		f, ok := t[string(key)]
		if !ok {
			r.undeclared(key)
			return
		}
		err = r.set(f, key, JSON(v), mark)
	})
	return err
}

// Set gives f its value in the current record. The name is for errors and
// counters.
func (r *Reader) Set(f *Field, name []byte, v Value) error { return r.set(f, name, v, r.mark) }

func (r *Reader) set(f *Field, name []byte, v Value, mark uint64) error {
	if f.seen == mark {
		return report.Refuse(report.JSONDuplicate, "field %.64q stands twice", name)
	}
	f.seen = mark
	switch f.set(v) {
	case wrong:
		why := f.why
		if why == "" {
			why = r.wrong
		}
		return report.Refuse(why, "field %.64q: want %s", name, f.want)
	case clipped:
		r.clip(name)
	}
	if f.inside == nil {
		return nil
	}
	return r.inside(f, name, v)
}

// inside reads the object, or each object of the list, that v is.
func (r *Reader) inside(f *Field, name []byte, v Value) error {
	n := 0
	for e := range v.elements {
		if n == maxList {
			r.clip(name)
			break
		}
		o, err := e.json.Object()
		if err != nil {
			return report.Refuse(r.wrong, "field %.64q: want %s", name, f.want)
		}
		if err := r.Object(o, f.inside); err != nil {
			return err
		}
		if f.next != nil {
			f.next()
		}
		n++
	}
	return nil
}

func (r *Reader) clip(name []byte) {
	r.cut = true
	r.names.Clipped(string(name)).Inc()
}

// undeclared counts a field that is not kept.
func (r *Reader) undeclared(name []byte) {
	c, ok := r.counted[string(name)]
	if !ok {
		c = r.names.Undeclared(string(name))
		r.remember(string(name), c)
	}
	c.Inc()
}

// maxCounted bounds the memory of a reader; names beyond it are looked up anew
// each time.
const maxCounted = 1024

func (r *Reader) remember(name string, c Counter) {
	if len(r.counted) < maxCounted {
		r.counted[name] = c
	}
}

// Undeclared is the counter of a column that is not kept.
func (r *Reader) Undeclared(name string) Counter { return r.names.Undeclared(name) }
