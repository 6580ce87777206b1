package zeek

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Version names the mapping in rejected records. It changes when the same line
// may give another event.
const Version = "zeek/1"

// Headers of raw records.
const (
	HeaderHead = "zeek-header" // head of the tab-separated log that the line is from
	HeaderPath = "zeek-path"   // name of the log of a JSON line without _path
)

// log is the mapping of one log.
type log interface {
	common() *line         // what all logs have
	clear()                // forgets the values of the last line
	fill(r *report.Report) // says in OCSF what the values mean
}

// Mapper turns lines of Zeek's logs into reports. It belongs to one goroutine;
// what it puts into a report is good until its next call.
type Mapper struct {
	reader *field.Reader
	logs   map[string]log

	// The layouts of the heads seen so far. A record brings its head along, so
	// the last one is the most likely.
	layouts  map[string]*layout
	lastHead string
	last     *layout
}

// NewMapper returns a mapper that counts what it does not keep with names.
func NewMapper(names field.Names) *Mapper {
	return &Mapper{
		reader:  field.NewReader(report.ZeekFields, names),
		layouts: map[string]*layout{},
		logs: map[string]log{
			"conn":           newConn(),
			"dns":            newDNS(),
			"http":           newHTTP(),
			"ssl":            newSSL(),
			"ssh":            newSSH(),
			"dhcp":           newDHCP(),
			"mqtt_connect":   newMQTTConnect(),
			"mqtt_publish":   newMQTTPublish(),
			"mqtt_subscribe": newMQTTSubscribe(),
			"modbus":         newModbus(),
			"notice":         newNotice(),
		},
	}
}

func (m *Mapper) logOf(path string) (log, error) {
	if path == "" {
		return nil, report.Refuse(report.ZeekPath,
			"a JSON line that does not name its log: set _path (policy json-streaming-logs does) or the header %s", HeaderPath)
	}
	l, ok := m.logs[path]
	if !ok {
		return nil, report.Refuse(report.ZeekPath, "log %.64q is not mapped", path)
	}
	return l, nil
}

// Map says in r what in reports. It returns a *report.Refusal if it cannot,
// and a report.Drop if in says nothing about a device.
func (m *Mapper) Map(in cordon.Record, r *report.Report) error {
	if len(in.Value) > report.MaxRaw {
		return report.Refuse(report.Size, "%d bytes; at most %d", len(in.Value), report.MaxRaw)
	}
	raw := bytes.TrimRight(in.Value, "\r\n")
	if len(bytes.TrimSpace(raw)) == 0 {
		return report.Blank
	}
	l, err := m.read(in, raw)
	if err != nil {
		return err
	}
	c := l.common()
	if !c.ts.Set {
		return report.Refuse(report.Time, "field ts is missing: a line without it did not happen at any time")
	}
	c.describe(r, in.Key)
	if m.reader.Clipped() {
		r.MarkClipped()
	}
	l.fill(r)
	return nil
}

func (m *Mapper) read(in cordon.Record, raw []byte) (log, error) {
	m.reader.Begin()
	if raw[0] == '{' {
		return m.readJSON(in, raw)
	}
	return m.readColumns(in, raw)
}

func (m *Mapper) readJSON(in cordon.Record, raw []byte) (log, error) {
	o, err := m.reader.Parse(raw)
	if err != nil {
		return nil, err
	}
	path := string(o.Get("_path").GetStringBytes())
	if path == "" {
		path = in.Header(HeaderPath)
	}
	l, err := m.logOf(path)
	if err != nil {
		return nil, err
	}
	l.clear()
	return l, m.reader.Object(o, l.common().table)
}

func (m *Mapper) readColumns(in cordon.Record, raw []byte) (log, error) {
	if !utf8.Valid(raw) {
		return nil, report.Refuse(report.ZeekFields, "not UTF-8")
	}
	lines, row := splitHead(string(raw))
	if row == "" {
		return nil, report.ZeekComment
	}
	if lines == "" {
		lines = in.Header(HeaderHead)
	}
	y, err := m.layout(lines)
	if err != nil {
		return nil, err
	}
	y.log.clear()
	return y.log, m.readRow(y, row)
}

// splitHead separates the lines at the top that begin with # from the rest.
func splitHead(s string) (head, row string) {
	for strings.HasPrefix(s[len(head):], "#") {
		n := strings.IndexByte(s[len(head):], '\n')
		if n < 0 {
			return s, ""
		}
		head = s[:len(head)+n+1]
	}
	return head, s[len(head):]
}

// maxLayouts bounds the heads that are kept: there are a few logs, each with
// few versions of its head in the log.
const maxLayouts = 256

func (m *Mapper) layout(lines string) (*layout, error) {
	if m.last != nil && m.lastHead == lines {
		return m.last, nil
	}
	y, ok := m.layouts[lines]
	if !ok {
		var err error
		if y, err = m.newLayout(lines); err != nil {
			return nil, err
		}
		if len(m.layouts) >= maxLayouts {
			clear(m.layouts)
		}
		m.layouts[lines] = y
	}
	m.lastHead, m.last = lines, y
	return y, nil
}

func (m *Mapper) readRow(y *layout, row string) error {
	if strings.IndexByte(row, '\n') >= 0 {
		return report.Refuse(report.ZeekFields, "several lines in one record: send each as a record")
	}
	rest := row
	for i := range y.columns {
		text, after, more := strings.Cut(rest, y.Separator)
		if more != (i < len(y.columns)-1) {
			return report.Refuse(report.ZeekFields, "%d columns; the head of the log names %d",
				1+strings.Count(row, y.Separator), len(y.columns))
		}
		if err := m.readColumn(&y.columns[i], text, y.head); err != nil {
			return err
		}
		rest = after
	}
	return nil
}

func (m *Mapper) readColumn(c *column, text string, h *head) error {
	if text == h.Unset {
		return nil
	}
	if c.field == nil {
		c.lost.Inc()
		return nil
	}
	return m.reader.Set(c.field, c.name, field.Column(text, &h.Columns))
}
