package zeek

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// Lines makes raw records of the lines of tab-separated logs. The lines of a
// head are no records; each record gets along what of the head it needs. The
// zero Lines is at the top of a file. Files may follow one another.
type Lines struct {
	head    []string // of the log being read, without what is as by default
	headers []cordon.Header
	columns string // what separates them
	ts      int    // number of the column with the time, from 1; 0: none
}

// Next takes the next line. It returns the headers of its record, which are
// shared by the records of one log, and when it happened, zero if that cannot
// be read; or that the line is no record.
func (l *Lines) Next(line []byte) (headers []cordon.Header, at time.Time, ok bool) {
	if l.columns == "" {
		l.columns = "\t"
	}
	if bytes.HasPrefix(line, []byte("#")) {
		l.take(strings.TrimSuffix(string(line), "\r"))
		return nil, time.Time{}, false
	}
	return l.headers, l.time(line), true
}

// take notes a line of the head. A separator begins another log.
func (l *Lines) take(line string) {
	if s, ok := strings.CutPrefix(line, "#separator "); ok {
		*l = Lines{columns: field.Unescape(s)}
		if l.columns != "\t" {
			l.head = []string{line}
		}
		return
	}
	name, rest, _ := strings.Cut(line, l.columns)
	if !needed(name, rest) {
		return
	}
	l.head = slices.DeleteFunc(l.head, func(old string) bool { return strings.HasPrefix(old, name+l.columns) })
	l.head = append(l.head, line)
	l.headers = []cordon.Header{{Key: HeaderHead, Value: strings.Join(l.head, "\n")}}
	if name == "#fields" {
		l.ts = slices.Index(strings.Split(rest, l.columns), "ts") + 1
	}
}

// needed reports whether a line of the head says what is not so by default.
func needed(name, rest string) bool {
	switch name {
	case "#path", "#fields":
		return true
	case "#set_separator":
		return rest != ","
	case "#empty_field":
		return rest != "(empty)"
	case "#unset_field":
		return rest != "-"
	}
	return false
}

func (l *Lines) time(line []byte) time.Time {
	if l.ts == 0 {
		return time.Time{}
	}
	for range l.ts - 1 {
		_, line, _ = bytes.Cut(line, []byte(l.columns))
	}
	text, _, _ := bytes.Cut(line, []byte(l.columns))
	us, ok := report.ParseSeconds(string(text))
	if !ok || !us.Plausible() {
		return time.Time{}
	}
	return us.Time()
}
