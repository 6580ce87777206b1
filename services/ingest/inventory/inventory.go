package inventory

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cordon-iot/cordon"
)

// maxRecent bounds what a change copies. With it a change costs some ten
// microseconds, and a merge of both layers comes once in that many changes.
const maxRecent = 512

// Inventory folds the devices topic. Fold may be called by several goroutines,
// one per partition of the topic.
type Inventory struct {
	now atomic.Pointer[Snapshot]

	mu   sync.Mutex
	open bool     // published: changes are shown at once
	next Snapshot // guarded by mu; its recent layer is shared with readers iff open
}

// New returns an inventory without devices. Nothing that is folded is visible
// before Publish.
func New() *Inventory {
	v := &Inventory{next: Snapshot{base: newLayer(), recent: newLayer()}}
	v.now.Store(&Snapshot{})
	return v
}

// Snapshot returns the inventory as it is now.
func (v *Inventory) Snapshot() *Snapshot { return v.now.Load() }

// Publish shows all that was folded so far, and from now on every change at
// once. It is called when the fold has caught up with the log.
func (v *Inventory) Publish() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = true
	v.show()
}

// show hands next to readers.
func (v *Inventory) show() {
	s := v.next
	v.now.Store(&s)
}

// Fold takes one record of the devices topic. A record without a value is a
// tombstone: the device was never there. A record that is no device is an
// error and changes nothing.
func (v *Inventory) Fold(r cordon.Record) error {
	if len(r.Value) == 0 {
		v.change(cordon.DeviceID(r.Key), nil)
		return nil
	}
	d, err := cordon.DeviceOf(r)
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	v.change(d.ID, newEntry(d))
	return nil
}

// change adds e to the history of id, or forgets id if e is nil.
func (v *Inventory) change(id cordon.DeviceID, e *Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open {
		v.next.recent = v.next.recent.clone()
	}
	before := v.next.device(id)
	v.replace(id, before, after(id, before, e))
	if !v.open {
		v.settle()
		return
	}
	if len(v.next.recent.holders)+len(v.next.recent.devices) > maxRecent {
		v.next.base = v.next.base.clone()
		v.settle()
	}
	v.show()
}

// settle moves what is recent into base, which nobody else may be reading.
func (v *Inventory) settle() {
	v.next.base.merge(v.next.recent)
	v.next.recent = newLayer()
}

func after(id cordon.DeviceID, before *history, e *Entry) *history {
	if before == nil {
		before = &history{id: id}
	}
	if e == nil {
		return &history{id: id}
	}
	return before.with(e)
}

// replace puts h where old was, under every identifier of either.
func (v *Inventory) replace(id cordon.DeviceID, old, h *history) {
	l := v.next.recent
	l.devices[id] = h
	for _, k := range identifiersOf(old, h) {
		hs := slices.DeleteFunc(slices.Clone(v.next.holders(k)), func(x *history) bool { return x.id == id })
		if h.holds(k) {
			hs = append(hs, h)
		}
		l.holders[k] = hs
	}
}

func identifiersOf(hs ...*history) []key {
	var ks []key
	for _, h := range hs {
		if h == nil {
			continue
		}
		for _, e := range h.entries {
			ks = append(ks, e.keys...)
		}
	}
	return ks
}
