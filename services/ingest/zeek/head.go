package zeek

import (
	"strings"

	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// head is what the lines at the top of a tab-separated log say.
type head struct {
	field.Columns
	path  string
	names []string
}

// parseHead reads lines that begin with #. What they do not say is as Zeek
// writes it by default; #types is not needed because the mapping knows the
// types of the fields it declares, and others are not kept.
func parseHead(lines string) (*head, error) {
	h := &head{Columns: field.Columns{Separator: "\t", Set: ",", Empty: "(empty)", Unset: "-"}}
	for line := range strings.SplitSeq(lines, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if s, ok := strings.CutPrefix(line, "#separator "); ok {
			h.Separator = field.Unescape(s)
			continue
		}
		name, rest, _ := strings.Cut(line, h.Separator)
		h.take(name, rest)
	}
	if h.Separator == "" || h.Set == "" {
		return nil, report.Refuse(report.ZeekHeader, "the separator of columns or of sets is empty")
	}
	if h.path == "" || len(h.names) == 0 {
		return nil, report.Refuse(report.ZeekHeader,
			"a line of a Zeek log without #path and #fields: send the head of the log in the header %s", HeaderHead)
	}
	return h, nil
}

func (h *head) take(name, rest string) {
	switch name {
	case "#set_separator":
		h.Set = field.Unescape(rest)
	case "#empty_field":
		h.Empty = rest
	case "#unset_field":
		h.Unset = rest
	case "#path":
		h.path = rest
	case "#fields":
		h.names = strings.Split(rest, h.Separator)
	}
}

// layout is a head, ready for the lines below it.
type layout struct {
	*head
	log     log
	columns []column
}

type column struct {
	name  []byte
	field *field.Field  // nil if it is not declared
	lost  field.Counter // counts it then
}

func (m *Mapper) newLayout(lines string) (*layout, error) {
	h, err := parseHead(lines)
	if err != nil {
		return nil, err
	}
	l, err := m.logOf(h.path)
	if err != nil {
		return nil, err
	}
	y := &layout{head: h, log: l}
	table := l.common().table
	for _, name := range h.names {
		c := column{name: []byte(name), field: table[name]}
		if c.field == nil {
			c.lost = m.reader.Undeclared(name)
		}
		y.columns = append(y.columns, c)
	}
	return y, nil
}
