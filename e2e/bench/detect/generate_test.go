package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/ocsf"
)

// facts draws n facts of everyday life.
func facts(n int) []fact {
	g := newGen(1)
	s := newSite(g)
	var out []fact
	for i := range n {
		out = append(out, g.fact(s, i))
	}
	return out
}

func leaves(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			n += leaves(below)
		}
	case []any:
		for _, below := range v {
			n += leaves(below)
		}
	default:
		n = 1
	}
	return n
}

// Events have the form that ingest writes, and the size that the goals are
// about.
func TestEvents(t *testing.T) {
	for _, tt := range []struct {
		form                  string
		least, most, mean     int // bytes
		leastLeaves, mostLeaf int
	}{
		{"flat", 600, 780, 685, 28, 38},
		{"ocsf", 560, 1500, 1226, 22, 60},
	} {
		t.Run(tt.form, func(t *testing.T) {
			f := forms()[slices.IndexFunc(forms(), func(f form) bool { return f.name == tt.form })]
			sum, all := 0, facts(2000)
			for i := range all {
				body, err := f.encode(&all[i])
				if err != nil {
					t.Fatal(err)
				}
				sum += len(body)
				if len(body) < tt.least || len(body) > tt.most {
					t.Errorf("%s has %d bytes; want %d to %d", body, len(body), tt.least, tt.most)
				}
				var doc any
				if err := json.Unmarshal(body, &doc); err != nil {
					t.Fatal(err)
				}
				if n := leaves(doc); n < tt.leastLeaves || n > tt.mostLeaf {
					t.Errorf("%s has %d leaves; want %d to %d", body, n, tt.leastLeaves, tt.mostLeaf)
				}
				if !new(canon.Document).Read(body) {
					t.Errorf("%s is not canonical", body)
				}
			}
			if mean := sum / len(all); mean < tt.mean-15 || mean > tt.mean+15 {
				t.Errorf("events have %d bytes in the mean; want about %d", mean, tt.mean)
			}
		})
	}
}

// What the OCSF events say is in the profile, all of it.
func TestOCSFEventsAreOCSF(t *testing.T) {
	d := ocsf.Decoder{Internal: true}
	seen := map[class]bool{}
	for _, f := range facts(3000) {
		body, err := encodeOCSF(&f)
		if err != nil {
			t.Fatal(err)
		}
		var e ocsf.Event
		dropped, err := d.Decode(body, &e)
		if err != nil || len(dropped) > 0 {
			t.Fatalf("Decode(%s) = %v, %v; want all of it", body, dropped, err)
		}
		if again := e.AppendJSON(nil); !bytes.Equal(again, body) {
			t.Fatalf("decoded and encoded %s = %s", body, again)
		}
		seen[f.class] = true
	}
	if len(seen) != len(classes()) {
		t.Errorf("%d classes among 3000 events; want %d", len(seen), len(classes()))
	}
}

func TestSharesOfClasses(t *testing.T) {
	n, sum := map[class]int{}, 0
	for _, f := range facts(20_000) {
		n[f.class]++
	}
	for c, info := range classes() {
		sum += info.perMille
		got, want := float64(n[class(c)])/20, float64(info.perMille)
		if got < want*0.75-1 || got > want*1.25+1 {
			t.Errorf("%.1f in a thousand events are %s; want about %.0f", got, info.name, want)
		}
	}
	if sum != 1000 {
		t.Errorf("shares add up to %d in a thousand", sum)
	}
}

// Rules are those that the goals are about, and the same each time.
func TestRules(t *testing.T) {
	draw := func(n int) []rule {
		g := newGen(1)
		return g.rules(newSite(g), n)
	}
	rules, again := draw(1000), draw(100)
	classless, form := 0, forms()[0]
	for i, r := range rules {
		if r.anyClass {
			classless++
		}
		if conditions := len(r.lines) + len(form.class(r.class, r.anyClass)); conditions < 2 || conditions > 5 {
			t.Errorf("rule %d has %d conditions; want 2 to 5", i, conditions)
		}
		for _, f := range forms() {
			if text := r.rego(f); strings.ContainsAny(strings.ReplaceAll(text, "{2,8}", ""), "{}") && strings.Contains(f.text(strings.Join(r.lines, "")), "{device") {
				t.Errorf("rule %d has a place without a name: %s", i, text)
			}
		}
		if i < len(again) && again[i].rego(form) != r.rego(form) {
			t.Errorf("rule %d of 100 = %s; of 1000 = %s", i, again[i].rego(form), r.rego(form))
		}
	}
	if classless != 100 {
		t.Errorf("%d of 1000 rules ask for no class; want 100", classless)
	}
	if len(templates()) != 20 {
		t.Errorf("%d templates; want 20", len(templates()))
	}
}
