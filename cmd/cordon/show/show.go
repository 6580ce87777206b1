// Package show writes records for people: one line each, coloured on a
// terminal and plain elsewhere.
package show

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/cordon-iot/cordon"
)

// Style says how to write for one output. The zero Style is plain.
type Style struct{ colour bool }

// StyleOf returns the style of w: colours on a terminal, unless NO_COLOR is
// set.
func StyleOf(w io.Writer) Style {
	return Style{colour: Terminal(w) && os.Getenv("NO_COLOR") == ""}
}

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
	bold   = "1"
	dim    = "2"
)

func (s Style) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Good marks what went well.
func (s Style) Good(text string) string { return s.paint(green, text) }

// Bad marks what went wrong.
func (s Style) Bad(text string) string { return s.paint(red, text) }

// Strong marks what the line is about.
func (s Style) Strong(text string) string { return s.paint(bold, text) }

// Faint marks what can be skipped.
func (s Style) Faint(text string) string { return s.paint(dim, text) }

// Note marks what needs attention but is not wrong.
func (s Style) Note(text string) string { return s.paint(yellow, text) }

// Name marks an identifier.
func (s Style) Name(text string) string { return s.paint(blue, text) }

// Severity writes v in the colour of its urgency, padded to the longest common
// name.
func (s Style) Severity(v cordon.Severity) string {
	name := pad(lower(v.String()), 8)
	switch {
	case v >= cordon.High:
		return s.Bad(name)
	case v == cordon.Medium:
		return s.Note(name)
	}
	return name
}
