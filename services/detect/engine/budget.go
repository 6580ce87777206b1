package engine

// DefaultMostBytes is how much memory an engine's windows may take.
const DefaultMostBytes = 256 << 20

// budget bounds the memory of all that an engine remembers by key. When it is
// exceeded, the part that just grew forgets what it used longest ago if it has
// more than its even share; else the largest one does. So a window that is
// flooded with keys pays for them itself.
//
// Bytes are an estimate that depends on nothing but what is remembered: what is
// forgotten is a function of the log, and the same after a restart.
type budget struct {
	most, used int64
	parts      []part
}

// part is one of those that share a budget.
type part interface {
	bytes() int64
	// forgetOldest drops one entry; false if none can be spared.
	forgetOldest() bool
}

// take notes that by came so many bytes, and makes room for them.
func (b *budget) take(bytes int64, by part) {
	b.used += bytes
	for b.used > b.most {
		if !b.payer(by).forgetOldest() {
			return // one entry is larger than all that there is
		}
	}
}

// payer is the part that has to forget something.
func (b *budget) payer(by part) part {
	if by.bytes() > b.most/int64(len(b.parts)) {
		return by
	}
	largest := b.parts[0]
	for _, p := range b.parts[1:] {
		if p.bytes() > largest.bytes() {
			largest = p
		}
	}
	return largest
}

// bound makes all that e remembers by key share a budget anew.
func (e *Engine) bound(most int64) {
	b := &budget{most: most}
	for _, r := range e.runs {
		for _, w := range r.windows {
			if w.main == nil {
				w.cells.join(b)
			}
		}
		r.emitted.join(b)
	}
}

// mostBytes is the bound that New was given.
func (e *Engine) mostBytes() int64 {
	if len(e.runs) == 0 || e.runs[0].emitted.budget == nil {
		return DefaultMostBytes
	}
	return e.runs[0].emitted.budget.most
}

func (e *emissions) bytes() int { return 8 * (rememberedFindings + 1) }
