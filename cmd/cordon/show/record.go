package show

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cordon-iot/cordon"
)

const clock = "15:04:05.000"

// Record is r, of the topic that t calls its name, on one line of at most
// width columns; 0 is without limit. The time is when the log took it.
func (s Style) Record(t cordon.Topics, r cordon.Record, width int) string {
	at := fmt.Sprintf("%d/%d", r.Position.Partition, r.Position.Offset)
	when := r.Time.Local().Format(clock) + "  " + pad(at, 8) + "  "
	who := pad(OneLine(r.Key), 14) + "  "
	text := summary(t.Word(r.Position.Topic), r)
	if width > 0 {
		text = cut(text, width-utf8.RuneCountInString(when+who))
	}
	return s.Faint(when) + s.Name(who) + text
}

func summary(word string, r cordon.Record) string {
	switch word {
	case "findings":
		if f, err := cordon.FindingOf(r); err == nil {
			return OneLine(fmt.Sprintf("%s  %s  %s", f.Policy.ID, lower(f.Severity.String()), f.Summary))
		}
	case "actions":
		if a, err := cordon.ActionOf(r); err == nil {
			return OneLine(fmt.Sprintf("%s  %s  %s", a.State, a.By, a.Reason))
		}
	case "rejected":
		if j, err := cordon.RejectedOf(r); err == nil {
			return OneLine(fmt.Sprintf("%s  %s  %s", j.Reason, j.Input, j.Detail))
		}
	case "events":
		if text := event(r.Value); text != "" {
			return OneLine(text)
		}
	}
	return OneLine(string(r.Value))
}

// event is what an OCSF event is about, or "" when it is not one.
func event(body []byte) string {
	var e struct {
		Class   int      `json:"class_uid"`
		Src     endpoint `json:"src_endpoint"`
		Dst     endpoint `json:"dst_endpoint"`
		App     string   `json:"app_name"`
		Message string   `json:"message"`
		Query   struct {
			Hostname string `json:"hostname"`
		} `json:"query"`
		Traffic struct {
			Out int64 `json:"bytes_out"`
			In  int64 `json:"bytes_in"`
		} `json:"traffic"`
	}
	if json.Unmarshal(body, &e) != nil || e.Class == 0 {
		return ""
	}
	parts := []string{fmt.Sprint(e.Class)}
	if e.Src.IP+e.Dst.IP != "" {
		parts = append(parts, fmt.Sprintf("%s → %s", e.Src, e.Dst))
	}
	parts = append(parts, e.App, e.Query.Hostname)
	if e.Traffic.Out+e.Traffic.In > 0 {
		parts = append(parts, fmt.Sprintf("%d B out, %d B in", e.Traffic.Out, e.Traffic.In))
	}
	parts = append(parts, e.Message)
	return join(parts)
}

type endpoint struct {
	IP   string `json:"ip"`
	Port int    `json:"port"`
	UID  string `json:"uid"`
}

// String is the device if it is known, else the address, and the port.
func (e endpoint) String() string {
	name := e.IP
	if e.UID != "" {
		name = e.UID
	}
	return fmt.Sprintf("%s:%d", name, e.Port)
}

func join(parts []string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "  ")
}

// OneLine is text from outside made harmless for a terminal: no line breaks, no
// escape sequences, valid UTF-8.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(text, "·"))
}

func cut(text string, width int) string {
	if width < 1 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func lower(text string) string { return strings.ToLower(text) }
