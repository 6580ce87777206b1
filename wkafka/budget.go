package wkafka

import (
	"context"
	"sync"
)

// budget bounds what waits in a Publisher, in records and bytes together.
// Those who ask for room get it in their order. A claim that is larger than the
// budget is let in when nothing else is.
type budget struct {
	maxRecords int
	maxBytes   int
	changed    func(records, bytes int) // may be nil; told what is held now

	mu      sync.Mutex
	records int
	bytes   int
	waiting []*claimant
}

// claimant waits for room.
type claimant struct {
	records, bytes int
	ready          chan struct{} // closed when it has it
}

// try takes room if there is some and nobody waits for it.
func (b *budget) try(records, bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || !b.fits(records, bytes) {
		return false
	}
	b.add(records, bytes)
	return true
}

// take waits for room until ctx ends.
func (b *budget) take(ctx context.Context, records, bytes int) error {
	b.mu.Lock()
	c := &claimant{records, bytes, make(chan struct{})}
	b.waiting = append(b.waiting, c)
	b.admit() // there may be room by now
	b.mu.Unlock()
	select {
	case <-c.ready:
		return nil
	case <-ctx.Done():
	}
	if !b.leave(c) {
		b.give(records, bytes)
	}
	return context.Cause(ctx)
}

// give returns what was taken.
func (b *budget) give(records, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(-records, -bytes)
	b.admit()
}

// leave takes c out of the queue, and reports false if it has got its room.
func (b *budget) leave(c *claimant) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, w := range b.waiting {
		if w == c {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			b.admit() // a smaller one may have stood behind it
			return true
		}
	}
	return false
}

// admit lets in who is first, as long as there is room. b.mu is held.
func (b *budget) admit() {
	for len(b.waiting) > 0 && b.fits(b.waiting[0].records, b.waiting[0].bytes) {
		c := b.waiting[0]
		b.waiting[0] = nil
		b.waiting = b.waiting[1:]
		b.add(c.records, c.bytes)
		close(c.ready)
	}
}

// fits reports whether there is room. b.mu is held.
func (b *budget) fits(records, bytes int) bool {
	return b.records == 0 || b.records+records <= b.maxRecords && b.bytes+bytes <= b.maxBytes
}

// add notes that so much more is held. b.mu is held.
func (b *budget) add(records, bytes int) {
	b.records += records
	b.bytes += bytes
	if b.changed != nil {
		b.changed(b.records, b.bytes)
	}
}
