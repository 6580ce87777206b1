package dlq

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/show"
)

const stamp = "2006-01-02T15:04:05.000Z"

// list writes entries as a table, no more than the last n, and counts all by
// reason.
func list(w io.Writer, entries []Entry, n int) error {
	rows := entries
	if n > 0 && len(rows) > n {
		rows = rows[len(rows)-n:]
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if len(rows) > 0 {
		fmt.Fprintln(tw, "AT\tPARKED\tFROM\tBY\tREASON\tDETAIL")
	}
	for _, e := range rows {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At, e.Parked.UTC().Format(stamp), e.Origin, e.Service, e.Reason, show.OneLine(e.Detail))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, summary(entries, len(rows)))
	return err
}

// summary is how many there are, by reason, the most frequent first.
func summary(entries []Entry, shown int) string {
	if len(entries) == 0 {
		return "nothing is parked"
	}
	count := map[string]int{}
	for _, e := range entries {
		count[e.Reason]++
	}
	reasons := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], strings.Compare(a, b))
	})
	var parts []string
	for _, r := range reasons {
		parts = append(parts, fmt.Sprintf("%d %s", count[r], r))
	}
	text := fmt.Sprintf("%d parked: %s", len(entries), strings.Join(parts, ", "))
	if shown < len(entries) {
		text += fmt.Sprintf("; the last %d are shown, -n 0 shows all", shown)
	}
	return text
}

// entryJSON is an entry for machines.
type entryJSON struct {
	At       string            `json:"at"`
	Parked   string            `json:"parked"`
	Origin   string            `json:"origin"`
	Service  string            `json:"service"`
	Reason   string            `json:"reason"`
	Detail   string            `json:"detail,omitempty"`
	Mapper   string            `json:"mapper,omitempty"`
	Attempts int               `json:"attempts,omitempty"`
	Key      string            `json:"key"`
	Headers  map[string]string `json:"headers,omitempty"`
	Bytes    []byte            `json:"bytes"`          // base64
	Size     int               `json:"size,omitempty"` // of all bytes, when these are the first ones only
	Retried  []string          `json:"retried,omitempty"`
}

func toJSON(e Entry, retried []cordon.Position) entryJSON {
	j := entryJSON{
		At: e.At.String(), Parked: e.Parked.UTC().Format(stamp), Origin: e.Origin.String(), Service: e.Service, Reason: e.Reason,
		Detail: e.Detail, Mapper: e.Mapper, Attempts: e.Attempts, Key: string(e.Record.Key), Bytes: e.Record.Value, Size: e.Size,
	}
	for _, h := range e.Record.Headers {
		if j.Headers == nil {
			j.Headers = map[string]string{}
		}
		j.Headers[h.Key] = string(h.Value)
	}
	for _, p := range retried {
		j.Retried = append(j.Retried, p.String())
	}
	return j
}

// listJSON writes an entry a line.
func listJSON(w io.Writer, entries []Entry) error {
	enc := json.NewEncoder(w)
	for _, e := range entries {
		if err := enc.Encode(toJSON(e, nil)); err != nil {
			return err
		}
	}
	return nil
}

// one writes all there is to know about an entry.
func one(w io.Writer, e Entry, retried []cordon.Position) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, show.OneLine(text))
		}
	}
	line("at", "%s", e.At)
	line("parked", "%s", e.Parked.UTC().Format(stamp))
	line("from", "%s%s", e.Origin, since(e.Taken))
	line("by", "%s", e.Service)
	line("reason", "%s", e.Reason)
	line("detail", "%s", e.Detail)
	line("mapper", "%s", e.Mapper)
	if e.Attempts > 0 {
		line("attempts", "%d", e.Attempts)
	}
	line("key", "%s", e.Record.Key)
	for _, h := range e.Record.Headers {
		line("header", "%s: %s", h.Key, h.Value)
	}
	for _, p := range retried {
		line("retried", "%s", p)
	}
	size := fmt.Sprintf("%d bytes", len(e.Record.Value))
	if e.Size > 0 {
		size = fmt.Sprintf("the first %d of %d bytes", len(e.Record.Value), e.Size)
	}
	line("value", "%s", size)
	b.WriteString(body(e.Record.Value))
	_, err := io.WriteString(w, b.String())
	return err
}

func since(taken time.Time) string {
	if taken.IsZero() {
		return ""
	}
	return ", taken by the log at " + taken.UTC().Format(stamp)
}

// body is text where it can be read as such, else hexadecimal.
func body(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	readable := utf8.Valid(v) && !strings.ContainsFunc(string(v), func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' })
	if readable {
		return strings.TrimRight(string(v), "\n") + "\n"
	}
	return hex.Dump(v)
}
