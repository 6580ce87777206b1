package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(topic string, offset int64) Place { return Place{topic, 1, offset} }

// calm is a history in which nothing is wrong: three raw records, one of which
// is garbage, a finding that asks for a quarantine and how that went.
func calm() History {
	f := Finding{Place: at("findings", 0), ID: "f1", Key: "cam", Body: "{}", Cause: at("events", 1), Quarantine: true}
	step := func(n int64, state, op string) Step {
		return Step{Place: at("actions", n), ID: state, Action: "a1", Op: op, Finding: "f1", Device: "cam", State: state}
	}
	h := History{
		Fed: []Fed{1, 9, 2},
		Raw: []Raw{{at("raw", 0), 1, 1}, {at("raw", 1), 0, 9}, {at("raw", 2), 2, 2}},
		Events: []Event{
			{Place: at("events", 0), ID: ID{1}, Key: "cam", Input: at("raw", 0), Mark: 1},
			{Place: at("events", 1), ID: ID{2}, Key: "cam", Input: at("raw", 2), Mark: 2},
		},
		Rejected: []Event{{Place: at("rejected", 0), ID: ID{3}, Input: at("raw", 1)}},
		Findings: []Finding{f},
		Expected: []Finding{f},
		Steps:    []Step{step(0, applyIntended, "o1"), step(1, applied, "o1"), step(2, releaseIntended, "o2"), step(3, released, "o2")},
		Commits:  []Commit{{Group: "g", Place: at("raw", 2)}, {Group: "g", Place: at("raw", 2)}, {Group: "g", Place: at("raw", 3)}},
		Deliveries: []Delivery{
			{Op: "o1", Device: "cam", Apply: true}, {Op: "o1", Device: "cam", Apply: true, Duplicate: true}, {Op: "o2", Device: "cam"},
		},
		Contained: Contained{"cam": false},
	}
	each(h, func(p Place) { h.Rows = append(h.Rows, Row{p.Topic, p}) })
	return h
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(*History)
		want string // defects found, "kind: of" each
	}{
		{"calm", func(*History) {}, ""},
		{"raw record missing", func(h *History) { h.Fed = append(h.Fed, 3) }, "lost: raw records"},
		{"raw record missing, another one twice", func(h *History) {
			h.Fed = []Fed{1, 9, 2, 3}
			h.Raw = append(h.Raw, Raw{at("raw", 3), 0, 9})
			h.Rejected = append(h.Rejected, Event{Place: at("rejected", 1), ID: ID{4}, Input: at("raw", 3)})
			h.Rows = append(h.Rows, Row{"rejected", at("rejected", 1)})
		}, "lost: raw records"},
		{"raw record of nobody", func(h *History) { h.Fed = h.Fed[:2] }, "unseen: raw records"},
		{"raw record left out", func(h *History) {
			h.Fed = append(h.Fed, 3)
			h.Raw = append(h.Raw, Raw{at("raw", 3), 3, 3})
		}, "lost: events and rejected"},
		{"event of nothing", func(h *History) { h.Raw, h.Fed = h.Raw[:2], h.Fed[:2] }, "unseen: events and rejected"},
		{"event of another record", func(h *History) { h.Events[0].Mark = 7 }, "lost: events and rejected, changed: events and rejected"},
		{"good record rejected", func(h *History) { h.Rejected[0].Input = at("raw", 0) }, "lost: events and rejected, changed: events and rejected"},
		{"events exchanged", func(h *History) {
			h.Events[0], h.Events[1] = h.Events[1], h.Events[0]
		}, "order per key: events"},
		{"key in two partitions", func(h *History) {
			h.Events[1].Partition = 2
			h.Rows[1].Partition = 2
		}, "order per key: events"},
		{"row missing", func(h *History) { h.Rows = h.Rows[1:] }, "lost: rows"},
		{"row twice", func(h *History) { h.Rows = append(h.Rows, h.Rows[0]) }, "duplicated: rows"},
		{"row twice, once in the table of rejected", func(h *History) {
			h.Rows = append(h.Rows, Row{"rejected", h.Rows[0].Place})
		}, "duplicated: rows"},
		{"row of nothing", func(h *History) { h.Rows = append(h.Rows, Row{"events", at("events", 9)}) }, "unseen: rows"},
		{"finding missing", func(h *History) {
			h.Expected = append(h.Expected, Finding{ID: "f2", Key: "cam"})
		}, "lost: findings"},
		{"finding twice", func(h *History) { again(h, "cam", 1) }, "duplicated: findings"},
		{"finding of nothing", func(h *History) { h.Expected = nil }, "unseen: findings"},
		{"finding says something else", func(h *History) { h.Findings[0].Body = "{ }" }, "changed: findings"},
		{"findings exchanged", func(h *History) {
			f := Finding{Place: at("findings", 1), ID: "f2", Key: "cam", Body: "{}", Cause: at("events", 0)}
			h.Findings, h.Expected = append(h.Findings, f), append(h.Expected, f)
			h.Rows = append(h.Rows, Row{"findings", f.Place})
		}, "order per key: findings"},
		{"commit goes back", func(h *History) { h.Commits[1].Offset = 1 }, "offset regression: commits"},
		{"late commit of less", func(h *History) {
			late := h.Commits[0]
			late.Late, late.Offset = true, 1
			h.Commits[1].Offset = 1
			h.Commits = []Commit{late, h.Commits[0], h.Commits[1]}
		}, ""},
		{"late commit of more", func(h *History) {
			late := h.Commits[0]
			late.Late, late.Offset = true, 2
			h.Commits[1].Offset = 1
			h.Commits = []Commit{late, h.Commits[0], h.Commits[1]}
		}, "offset regression: commits"},
		{"commit of another group", func(h *History) { h.Commits = append(h.Commits, Commit{Group: "g2", Place: at("raw", 0)}) }, ""},
		{"no action", func(h *History) {
			h.Steps, h.Deliveries = nil, nil
			h.Rows = h.Rows[:4]
		}, "lost: quarantines"},
		{"action of nothing", func(h *History) { h.Findings[0].Quarantine = false }, "unseen: quarantines"},
		{"never released", func(h *History) {
			h.Steps = h.Steps[:3]
			h.Rows = h.Rows[:len(h.Rows)-1]
		}, "open: quarantines"},
		{"never acknowledged", func(h *History) {
			h.Steps[1].State = applyFailed
			h.Steps = h.Steps[:2]
			h.Rows = h.Rows[:len(h.Rows)-2]
			h.Deliveries = h.Deliveries[:1]
		}, "lost: acknowledgements"},
		{"receiver holds the device", func(h *History) { h.Contained["cam"] = true }, "open: quarantines"},
		{"webhook without intent", func(h *History) { h.Deliveries[0].Op = "o9" }, "unseen: webhooks"},
		{"two effects", func(h *History) { h.Deliveries[1].Duplicate = false }, "duplicated: effects of webhooks"},
		{"contained after the release", func(h *History) {
			h.Deliveries[0], h.Deliveries[2] = h.Deliveries[2], h.Deliveries[0]
		}, "order per key: effects of webhooks"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := calm()
			tc.do(&h)
			r := Check(h)
			if got := found(r); got != tc.want {
				t.Errorf("Check found %q; want %q\n%+v", got, tc.want, r.Defects)
			}
			if r.Failed() != (tc.want != "") {
				t.Errorf("Failed() = %v; want %v", r.Failed(), tc.want != "")
			}
		})
	}
}

// again appends the first finding once more, with its row.
func again(h *History, key string, offset int64) {
	f := h.Findings[0]
	f.Key, f.Offset = key, offset
	h.Findings = append(h.Findings, f)
	h.Rows = append(h.Rows, Row{"findings", f.Place})
}

func found(r *Report) string {
	var all []string
	for _, d := range r.Defects {
		if d.Count > 0 {
			all = append(all, fmt.Sprintf("%s: %s", d.Kind, d.Of))
		}
	}
	return strings.Join(all, ", ")
}

// TestWireDuplicates: what stands on the wire twice is counted, and no defect
// where readers fold by identity.
func TestWireDuplicates(t *testing.T) {
	h := calm()
	e := h.Events[1]
	e.Offset = 2
	s := h.Steps[3]
	s.Offset = 4
	h.Events, h.Steps = append(h.Events, e), append(h.Steps, s)
	h.Rows = append(h.Rows, Row{"events", e.Place}, Row{"actions", s.Place})
	g := at("rejected", 1) // of garbage that was sent again
	h.Raw = append(h.Raw, Raw{at("raw", 3), 0, 9})
	h.Rejected = append(h.Rejected, Event{Place: g, ID: ID{4}, Input: at("raw", 3)})
	h.Rows = append(h.Rows, Row{"rejected", g})
	r := Check(h)
	if got := found(r); got != "" {
		t.Errorf("Check found %q; want nothing", got)
	}
	if d := cmp.Diff(map[string]int{"events": 1, "actions": 1, "raw": 1}, r.Wire); d != "" {
		t.Errorf("duplicates on the wire (-want +got):\n%s", d)
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil || !strings.Contains(b.String(), "on the wire twice: events") {
		t.Errorf("Print = %v\n%s\nwant the duplicates in it", err, &b)
	}
}
