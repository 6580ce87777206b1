package main

import (
	"context"
	"slices"
	"testing"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/services/detect/engine"
)

func testSet(t *testing.T, formName string, rules int) (ruleset, *gen) {
	t.Helper()
	f := forms()[slices.IndexFunc(forms(), func(f form) bool { return f.name == formName })]
	g := newGen(2)
	s := newSite(g)
	return ruleset{form: f, site: s, rules: g.rules(s, rules)}, g
}

func testPack(t *testing.T, s ruleset) *engine.Pack {
	t.Helper()
	p, err := s.load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every template makes a rule that an event can match, in both forms, and the
// engine and OPA in all layouts say so.
func TestEveryTemplateFires(t *testing.T) {
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			s, g := testSet(t, f.name, 2*len(templates()))
			q, err := oneSet(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			per, err := perRule(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			pack := testPack(t, s)
			d := drawer{gen: g, set: s}
			for i, r := range s.rules {
				fact := g.fact(s.site, i)
				fact.class = r.class
				fact.traffic(g)
				r.fire(&fact)
				ev, err := d.event(&fact)
				if err != nil {
					t.Fatal(err)
				}
				for name, run := range map[string]evaluate{
					engineName: cordonEngine(pack, false), oneSetName: usual(q), tunedName: tuned(q), perRuleName: usual(per),
				} {
					if n, err := run(&ev); err != nil || n < 1 {
						t.Errorf("%s on %s = %d, %v; want an alert by\n%s", name, ev.Body, n, err, r.rego(f))
					}
				}
			}
		})
	}
}

func TestStreams(t *testing.T) {
	s, g := testSet(t, "flat", 40)
	pack := testPack(t, s)
	st, err := newStreams(g, s, 400, 34, cordonEngine(pack, false))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		set  ruleset
	}{{"rules alone", s}, {"with windows", s.withWindows(windows(), noAlert)}} {
		pack := testPack(t, tt.set)
		for want, events := range map[int][]cordon.Event{0: st.calm, 2: st.alerting} {
			n, err := agree([2]string{"native", "plain"}, cordonEngine(pack, false), cordonEngine(pack, true), events)
			if err != nil || n != want {
				t.Errorf("%s: %d alerts, %v; want %d", tt.name, n, err, want)
			}
		}
	}
	if st.dropped > 0.02 {
		t.Errorf("%.3f of everyday events matched a rule; want next to none", st.dropped)
	}
}

// The windows are kept up to date: with a limit that they reach they alert, and
// OPA sees the same.
func TestWindowsCount(t *testing.T) {
	for _, f := range forms() {
		s, g := testSet(t, f.name, 10)
		s = s.withWindows(windows(), 0)
		pack := testPack(t, s)
		d := drawer{gen: g, set: s, probe: func(*cordon.Event) (int, error) { return 0, nil }}
		var events []cordon.Event
		for range 400 {
			ev, err := d.draw(0, func(f *fact) { f.device = s.site.devices[f.number%5] })
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, ev)
		}
		n, err := agree([2]string{"native", "plain"}, cordonEngine(pack, false), cordonEngine(pack, true), events)
		if err != nil || n < 300 {
			t.Errorf("%s: %d alerts by windows on 400 events, %v; want about one each", f.name, n, err)
		}
	}
}

func TestAgreeFindsADifference(t *testing.T) {
	seen := func(n int) evaluate { return func(*cordon.Event) (int, error) { return n, nil } }
	if n, err := agree([2]string{"a", "b"}, seen(1), seen(1), make([]cordon.Event, 3)); n != 3 || err != nil {
		t.Errorf("agree(1, 1) on 3 events = %d, %v; want 3", n, err)
	}
	if _, err := agree([2]string{"a", "b"}, seen(1), seen(2), make([]cordon.Event, 3)); err == nil {
		t.Error("agree(1, 2) = nil; want an error")
	}
}
