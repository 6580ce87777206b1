package up

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/cordon-iot/cordon/cmd/cordon/show"
)

// screen shows how the start goes, one line per part.
type screen struct {
	w     io.Writer
	style show.Style
}

func newScreen(w io.Writer) *screen { return &screen{w, show.StyleOf(w)} }

func (s *screen) done(part, format string, args ...any) {
	s.line(s.style.Good("✓"), part, fmt.Sprintf(format, args...))
}

func (s *screen) warn(part, format string, args ...any) {
	s.line(s.style.Note("!"), part, fmt.Sprintf(format, args...))
}

func (s *screen) line(mark, part, text string) {
	fmt.Fprintf(s.w, "  %s %s %s\n", mark, s.style.Strong(fmt.Sprintf("%-9s", part)), text)
}

// ready says that all is up, and what can be done now.
func (s *screen) ready(took time.Duration, next ...string) {
	fmt.Fprintf(s.w, "  ready in %.1f s", took.Seconds())
	if len(next) > 0 {
		fmt.Fprint(s.w, "   next:")
	}
	fmt.Fprintln(s.w)
	for _, n := range next {
		command, why, _ := strings.Cut(n, "#")
		fmt.Fprintf(s.w, "    %s%s\n", s.style.Strong(fmt.Sprintf("%-43s", strings.TrimSpace(command))), s.style.Faint(strings.TrimSpace(why)))
	}
}

// shortURL is what may be shown of an address that was given: scheme and host.
// User, path and query may hold a token.
func shortURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "…" // respond says what is wrong with it
	}
	short := u.Scheme + "://" + u.Host
	if s != short {
		short += "/…"
	}
	return short
}
