package check

import "maps"

// Check judges h.
func Check(h History) *Report {
	r := &Report{Wire: map[string]int{}, Counts: map[string]int{
		"raw records": len(h.Raw), "events": len(h.Events), "rejected": len(h.Rejected),
		"findings": len(h.Findings), "steps of actions": len(h.Steps), "rows": len(h.Rows),
		"commits": len(h.Commits), "deliveries of webhooks": len(h.Deliveries),
	}}
	r.fed(h)
	r.derived(h)
	r.order(h)
	r.rows(h)
	r.findings(h)
	r.commits(h.Commits)
	r.actions(h)
	return r
}

// fed: each record that was fed is in the log. A client that got no answer
// sends again, so that it may be there more than once.
func (r *Report) fed(h History) {
	const of = "raw records"
	r.looked(Lost, of)
	r.looked(Unseen, of)
	times := make(map[Fed]int, len(h.Fed))
	for _, f := range h.Fed {
		times[f] = 0
	}
	for _, x := range h.Raw {
		n, ok := times[x.Fed]
		switch {
		case !ok:
			r.found(Unseen, of, "%s was not fed", x.Place)
			continue
		case n > 0:
			r.Wire[x.Topic]++
		}
		times[x.Fed] = n + 1
	}
	for i, f := range h.Fed {
		if times[f] == 0 {
			r.found(Lost, of, "record %d of the load, marked %d, is not in the log", i, f)
		}
	}
}

// derived: each raw record is one event or one rejected record.
func (r *Report) derived(h History) {
	const of = "events and rejected"
	r.looked(Lost, of)
	r.looked(Unseen, of)
	r.looked(Changed, of)
	raw := marks{}
	for _, x := range h.Raw {
		raw.set(x.Place, uint64(x.Mark)+1)
	}
	made := tally{}
	for _, all := range [][]Event{h.Events, h.Rejected} {
		for _, e := range all {
			want := raw.get(e.Input)
			switch {
			case want == 0:
				r.found(Unseen, of, "%s is of %s, which is not there", e.Place, e.Input)
			case uint64(e.Mark) != want-1:
				r.found(Changed, of, "%s says it is record %d; its input %s is %d", e.Place, e.Mark, e.Input, want-1)
			case made.add(e.Input) > 1:
				r.Wire[e.Topic]++
			}
		}
	}
	for _, x := range h.Raw {
		if made.get(x.Place) == 0 {
			r.found(Lost, of, "%s is neither an event nor rejected", x.Place)
		}
	}
}

// order: the events of a key stand in the order of their inputs, in one
// partition. What stands there once more does not count.
func (r *Report) order(h History) {
	const of = "events"
	r.looked(Reordered, of)
	last := map[string]Event{}
	seen := tally{}
	for _, e := range h.Events {
		if seen.add(e.Input) > 1 {
			continue
		}
		before, ok := last[e.Key]
		switch {
		case !ok:
		case before.Partition != e.Partition:
			r.found(Reordered, of, "%s is in partitions %d and %d", e.Key, before.Partition, e.Partition)
		case before.Input.Topic == e.Input.Topic && before.Input.Offset > e.Input.Offset:
			r.found(Reordered, of, "%s: %s, of %s, stands behind %s, of %s", e.Key, e.Place, e.Input, before.Place, before.Input)
		}
		last[e.Key] = e
	}
}

// rows: each record of a topic that is kept is one row.
func (r *Report) rows(h History) {
	const of = "rows"
	r.looked(Lost, of)
	r.looked(Duplicated, of)
	r.looked(Unseen, of)
	in := tally{}
	for _, row := range h.Rows {
		if in.add(row.Place) == 2 {
			r.found(Duplicated, of, "%s is in table %s more than once", row.Place, row.Table)
		}
	}
	log := tally{}
	kept := func(p Place) {
		log.add(p)
		if in.get(p) == 0 {
			r.found(Lost, of, "%s has no row", p)
		}
	}
	each(h, kept)
	for _, row := range h.Rows {
		if log.get(row.Place) == 0 {
			r.found(Unseen, of, "a row of %s is of %s, which is not there", row.Table, row.Place)
		}
	}
}

// each calls f with every record that history keeps.
func each(h History, f func(Place)) {
	for _, e := range h.Events {
		f(e.Place)
	}
	for _, e := range h.Rejected {
		f(e.Place)
	}
	for _, x := range h.Findings {
		f(x.Place)
	}
	for _, s := range h.Steps {
		f(s.Place)
	}
}

// findings: those in the log are those that follow from the events, once each,
// byte for byte, and in the order of their causes.
func (r *Report) findings(h History) {
	const of = "findings"
	for _, k := range []Kind{Lost, Duplicated, Unseen, Changed, Reordered} {
		r.looked(k, of)
	}
	want := map[string]Finding{}
	for _, f := range h.Expected {
		want[f.ID] = f
	}
	missing := maps.Clone(want)
	last := map[string]Finding{}
	seen := map[string]bool{}
	for _, f := range h.Findings {
		delete(missing, f.ID)
		if seen[f.ID] {
			r.found(Duplicated, of, "%s stands at %s once more", f.ID, f.Place)
			continue
		}
		seen[f.ID] = true
		w, ok := want[f.ID]
		switch {
		case !ok:
			r.found(Unseen, of, "%s at %s follows from no event", f.ID, f.Place)
		case w.Body != f.Body || w.Key != f.Key:
			r.found(Changed, of, "%s at %s is\n%s\nand should be\n%s", f.ID, f.Place, f.Body, w.Body)
		}
		if before, ok := last[f.Key]; ok && before.Cause.Offset > f.Cause.Offset {
			r.found(Reordered, of, "%s: %s, caused by %s, stands behind %s, caused by %s", f.Key, f.Place, f.Cause, before.Place, before.Cause)
		}
		last[f.Key] = f
	}
	for _, id := range sortedKeys(missing) {
		r.found(Lost, of, "%s, which follows from %s, is not there", id, missing[id].Cause)
	}
}

// groupPart is a partition as a group and those see it who ask about it.
type groupPart struct {
	group, asker string
	part
}

// commits: a committed offset does not go back, but where a commit came late.
// Commits carry no number by which a broker could tell, so that no client can
// prevent it; who begins at the older offset has to cope.
func (r *Report) commits(all []Commit) {
	const of = "commits"
	r.looked(Regressed, of)
	late := lateCommits{sent: map[groupPart][]int64{}, spent: map[lateCommit]bool{}}
	highest := map[groupPart]int64{}
	for _, c := range all {
		p := groupPart{c.Group, c.Asker, part{c.Topic, c.Partition}}
		switch {
		case c.Late:
			late.sent[p] = append(late.sent[p], c.Offset)
			continue
		case c.Offset >= highest[p]:
		case late.explain(p, c.Offset):
			r.Counts["offsets that went back when a commit came late"]++
		default:
			r.found(Regressed, of, "%s: %s/%d went from %d to %d%s", c.Group, c.Topic, c.Partition, highest[p], c.Offset, asked(c.Asker))
		}
		highest[p] = c.Offset
	}
}

// lateCommits are the commits that came late. Each explains one step back to
// everybody who looks.
type lateCommits struct {
	sent  map[groupPart][]int64 // as seen on the wire
	spent map[lateCommit]bool
}

// lateCommit is a late commit as somebody sees it, by its number in sent.
type lateCommit struct {
	groupPart
	number int
}

// explain reports whether one of them can have led p to offset.
func (l *lateCommits) explain(p groupPart, offset int64) bool {
	wire := p
	wire.asker = ""
	for i, o := range l.sent[wire] {
		if k := (lateCommit{p, i}); o <= offset && !l.spent[k] {
			l.spent[k] = true
			return true
		}
	}
	return false
}

func asked(by string) string {
	if by == "" {
		return ""
	}
	return ", as the " + by + " was told"
}
