package engine

// remembered is how many findings back of one policy, device and key their
// times are known.
const rememberedFindings = 16

// emissions are the event times of the findings that were made last, in
// milliseconds. Several are kept because events do not come in the order of
// their times: a file that is fed again begins where it began.
type emissions struct {
	at [rememberedFindings]int64
	n  int // all that were ever made
}

func (e *emissions) add(at int64) {
	e.at[e.n%rememberedFindings] = at
	e.n++
}

// near reports whether one of them is closer to at than within.
func (e *emissions) near(at, within int64) bool {
	for _, t := range e.at[:min(e.n, rememberedFindings)] {
		if at-t < within && t-at < within {
			return true
		}
	}
	return false
}

// suppressWith makes emitted what r knows of its findings.
func (r *run) suppressWith(emitted *lru[*emissions]) {
	r.emitted = emitted
	emitted.evicted = &r.counts.Forgotten
}

// suppressed reports whether r found the same lately.
func (r *run) suppressed(ev *event, key string) bool {
	if ev.again {
		return false
	}
	e, ok := r.emitted.get(r.emittedKey(ev, key))
	return ok && e.near(ev.Time.UnixMilli(), r.Suppress.Milliseconds())
}

// remember notes that r found something now.
func (r *run) remember(ev *event, key string) {
	if r.Suppress == 0 {
		return
	}
	e := r.emitted.use(r.emittedKey(ev, key), func() *emissions { return &emissions{} })
	e.value.add(ev.Time.UnixMilli())
}

func (r *run) emittedKey(ev *event, key string) []byte {
	r.scratch = append(append(append(r.scratch[:0], ev.Device...), 0), key...)
	return r.scratch
}
