package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/fleet"
	"github.com/cordon-iot/cordon/cmd/cordon/show"
)

// screen shows the demo. Its methods may be called from any goroutine.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	style show.Style
	now   func() time.Time
}

func newScreen(w io.Writer, now func() time.Time) *screen {
	return &screen{w: w, style: show.StyleOf(w), now: now}
}

func (s *screen) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, format, args...)
}

// event is one line of what happens.
func (s *screen) event(what, device, text string) {
	s.printf("  %s  %s  %s  %s\n", s.style.Faint(s.now().Format(time.TimeOnly)), what, s.style.Name(fmt.Sprintf("%-10s", device)), text)
}

func (s *screen) fleet(f fleet.Fleet, o Options) {
	var zones []string
	for _, z := range f.Zones() {
		zones = append(zones, fmt.Sprintf("%s %d", z.Name, z.Devices))
	}
	s.printf("  %s   %d devices in %d zones (%s), seed %d\n",
		s.style.Strong("fleet"), f.Size(), len(f.Zones()), strings.Join(zones, ", "), o.Seed)
}

func (s *screen) attack(a fleet.Attack) {
	s.event(s.style.Note("attack  "), a.Device, a.Text)
}

func (s *screen) found(f found) {
	switch {
	case f.finding != nil:
		s.finding(*f.finding)
	case f.action != nil:
		s.action(*f.action, f)
	}
}

func (s *screen) finding(f cordon.Finding) {
	zone := f.Zone
	if zone == "" {
		zone = "-"
	}
	s.event("finding ", string(f.Device), fmt.Sprintf("%s %s %-5s  %s", f.Policy.ID, s.style.Severity(f.Severity), zone, show.OneLine(f.Summary)))
}

func (s *screen) action(a cordon.Action, f found) {
	switch a.State {
	case cordon.Applied:
		text := fmt.Sprintf("contained for %s by %s, acknowledged", a.Until.Sub(a.Since).Round(time.Second), a.Policy)
		if f.known {
			text += fmt.Sprintf("   event → acknowledgement %s", s.style.Strong(millis(f.since)))
		}
		s.event(s.style.Bad("contain "), string(a.Device), text)
	case cordon.Released:
		s.event(s.style.Good("release "), string(a.Device), fmt.Sprintf("free again after %s (%s), acknowledged", a.At.Sub(a.Since).Round(100*time.Millisecond), show.OneLine(a.Reason)))
	case cordon.ApplyFailed:
		s.event(s.style.Bad("failed  "), string(a.Device), show.OneLine(a.Reason))
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// summary is shown at the end.
type summary struct {
	sent, accepted, rejected int64
	took                     time.Duration
	site                     site
}

func (s *screen) summary(m summary, t *tally) {
	s.printf("\n  %s       %d records in %s; %d events, %d rejected\n", s.style.Strong("sent"), m.sent, m.took.Round(100*time.Millisecond), m.accepted, m.rejected)
	for i, id := range t.policies() {
		head := s.style.Strong("findings")
		if i > 0 {
			head = "        "
		}
		s.printf("  %s   %s %4d  %s\n", head, id, t.findings[id], t.titles[id])
	}
	s.printf("  %s  %d contained, %d free again, %d failed\n", s.style.Strong("contained"),
		t.count(cordon.Applied, cordon.ReleaseIntended, cordon.Released), t.released(), t.count(cordon.ApplyFailed))
	if len(t.acks) > 0 {
		s.printf("  %s    event → acknowledged quarantine: p50 %s, p99 %s, of %d\n", s.style.Strong("latency"),
			millis(quantile(t.acks, 0.5)), millis(quantile(t.acks, 0.99)), len(t.acks))
	}
	s.next(m.site)
}

func (s *screen) next(at site) {
	lines := []string{"cordon query 'SELECT * FROM v1_quarantines'", "cordon tap findings --from start --exit -o line"}
	switch {
	case at.own:
		lines = append([]string{"cordon up --dev   # finds all of this again"}, lines...)
	case at.play != "":
		lines = append(lines, at.play)
	}
	for i, l := range lines {
		head := "next:"
		if i > 0 {
			head = ""
		}
		s.printf("  %-9s  %s\n", head, l)
	}
}
