package engine

// firstCell knows when something was first and last seen.
type firstCell struct {
	used        bool
	first, last int64
	count       float64
}

func (c *firstCell) add(f *frame, at int64, _ sample) bool {
	if !c.used || at-c.last > f.overMS {
		*c = firstCell{used: true, first: at, last: at, count: 1}
		return true
	}
	c.first, c.last = min(c.first, at), max(c.last, at)
	c.count++
	return true
}

func (c *firstCell) read(f *frame, at int64) (reading, bool) {
	if !c.used || at-c.last > f.overMS || at < c.first {
		return reading{}, false
	}
	return reading{seconds(at - c.first), c.count}, true
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

func (c *firstCell) bytes() int { return 8 * 4 }

func (c *firstCell) save(w *stateWriter) {
	w.bool(c.used)
	w.number(c.first)
	w.number(c.last - c.first)
	w.float(c.count)
}

func (c *firstCell) load(r *stateReader, _ *frame) {
	c.used = r.bool()
	c.first = r.number()
	c.last = c.first + r.number()
	c.count = r.float()
}

// lastTimes is how many times back from the newest lastCell knows.
const lastTimes = 4

// lastCell knows when something was seen lately: the newest different times,
// the newest first. Several are kept because an event sees the one before it,
// and because events do not come in the order of their times.
type lastCell struct {
	times [lastTimes]int64
	n     int
	count float64
}

// add notes a time. One that is older than the window, seen from the newest,
// is too late: nobody will ask for it.
func (c *lastCell) add(f *frame, at int64, _ sample) bool {
	switch {
	case c.n == 0 || at-c.times[0] > f.overMS:
		*c = lastCell{times: [lastTimes]int64{at}, n: 1, count: 1}
		return true
	case c.times[0]-at > f.overMS:
		return false
	}
	c.count++
	i := 0
	for i < c.n && c.times[i] > at {
		i++
	}
	if i < c.n && c.times[i] == at {
		return true
	}
	c.n = min(c.n+1, lastTimes)
	if i < c.n {
		copy(c.times[i+1:c.n], c.times[i:])
		c.times[i] = at
	}
	return true
}

// read returns the age of the newest time before at.
func (c *lastCell) read(f *frame, at int64) (reading, bool) {
	for _, t := range c.times[:c.n] {
		if t < at {
			return reading{seconds(at - t), c.count}, at-t <= f.overMS
		}
	}
	return reading{}, false // nothing was before at, or nobody knows any more
}

func (c *lastCell) bytes() int { return 8 * (lastTimes + 2) }

func (c *lastCell) save(w *stateWriter) {
	w.count(c.n)
	for _, t := range c.times[:c.n] {
		w.number(c.times[0] - t)
	}
	w.number(c.times[0])
	w.float(c.count)
}

func (c *lastCell) load(r *stateReader, _ *frame) {
	c.n = r.count(lastTimes)
	for i := range c.n {
		c.times[i] = -r.number()
	}
	newest := r.number()
	for i := range c.n {
		c.times[i] += newest
	}
	c.count = r.float()
}

// absenceCell knows when something was last seen, and whether it was told that
// it is overdue.
type absenceCell struct {
	used, told bool
	last       int64
	count      float64
}

// add notes an event. Only what happened after the newest one so far ends a
// silence.
func (c *absenceCell) add(_ *frame, at int64, _ sample) bool {
	if c.used && at <= c.last {
		c.count++
		return true
	}
	*c = absenceCell{used: true, last: at, count: c.count + 1}
	return true
}

// due is when the next event is overdue.
func (c *absenceCell) due(f *frame) int64 { return c.last + f.overMS }

func (c *absenceCell) read(f *frame, at int64) (reading, bool) {
	if !c.used || at < c.due(f) {
		return reading{}, false
	}
	return reading{seconds(at - c.due(f)), seconds(at - c.last), c.count}, true
}

func (c *absenceCell) bytes() int { return 8 * 4 }

func (c *absenceCell) save(w *stateWriter) {
	w.bool(c.used)
	w.bool(c.told)
	w.number(c.last)
	w.float(c.count)
}

func (c *absenceCell) load(r *stateReader, _ *frame) {
	c.used = r.bool()
	c.told = r.bool()
	c.last = r.number()
	c.count = r.float()
}
